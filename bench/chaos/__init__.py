"""Breaks a running installation in every way that docs/faults.md lists, and looks what became of what people said.

`python -m bench.chaos` (`make chaos`); nothing of it leaves the machine. `site` is the installation, `traffic` the
people who talk meanwhile, `faults` what goes wrong, `oracle` the judge, `report` the table.
"""
