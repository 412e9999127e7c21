"""Producers and consumers in virtual time, on real commands: see `simulation`."""

from helpers.simulator.simulation import Consumer, Simulation, simulate, worker
from helpers.simulator.steps import Poison, SimulationError

__all__ = ["Consumer", "Poison", "Simulation", "SimulationError", "simulate", "worker"]
