"""Exploring segments: counts once, any view as sums over them, and the widgets that choose views.

- `cube`: the counts of every figure in all its dimensions, tallied once
- `choice`: what a view shows, checked
- `views`: tidy figures, findings, chart, table and code of a view
- `rows`: the anonymised rows behind a group, which are never saved
- `looks`: how many views were taken, and how strictly the next is judged
- `widgets`, `lab`: the controls in JupyterLab, and starting it

Everything that the widgets show is made by plain functions, which work in any notebook or script.
"""
