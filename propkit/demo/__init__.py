"""A synthetic property company: the truth behind it, the messy exports it would have, a list of what is wrong in them.

Everything is invented and comes from one seed.  `estates`, `repairs`, `complaints`, `surveys`, `fees` make the truth;
`layouts` and `exports` write it as the systems of three communities would; `mess` (`cells`, `lines`) damages that and
keeps the manifest; `truths` recomputes the KPIs slowly from rows.  `python -m propkit.demo DIR` writes the workspace.
"""

from propkit.demo.company import Company, build, write
from propkit.demo.estates import AS_OF, ESTATES, MONTHS
from propkit.demo.truths import true_kpis

__all__ = ["AS_OF", "ESTATES", "MONTHS", "Company", "build", "true_kpis", "write"]
