"""The style of the page: light and dark, on a phone and on paper; a colour never says what no word says."""

from __future__ import annotations

from typing import Final

STYLE: Final = """
:root { color-scheme: light dark; --ink: #1d232a; --paper: #fff; --card: #f4f5f7; --rule: #d0d5dc; --dim: #59626d;
  --good: #12682f; --bad: #a8201a; --open: #7a5200; }
@media (prefers-color-scheme: dark) { :root { --ink: #e7e9ec; --paper: #14171b; --card: #1e2329; --rule: #3c434c;
  --dim: #a6aeb8; --good: #80d89b; --bad: #ff8f86; --open: #efbb55; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 70rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.4rem; margin: .25rem 0; }
h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; border-bottom: 1px solid var(--rule); }
h3 { font-size: 1rem; margin: 1.25rem 0 .25rem; }
p, li, td, dd { overflow-wrap: anywhere; }
.verdict { font-size: 1.2rem; font-weight: 600; margin: .5rem 0; padding: .75rem 1rem; background: var(--card);
  border-left: .4rem solid var(--open); }
.verdict.good { border-color: var(--good); } .verdict.bad { border-color: var(--bad); }
.figures { display: flex; flex-wrap: wrap; gap: .5rem; list-style: none; padding: 0; }
.figures li { background: var(--card); padding: .4rem .8rem; }
.figures b { display: block; font-size: 1.1rem; }
.small, .figures span, dt, th { color: var(--dim); }
.small { font-size: .85rem; }
.met { color: var(--good); } .unmet, .alarm, .cause { color: var(--bad); font-weight: 600; }
.unknown { color: var(--dim); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1rem; margin: .5rem 0; } dd { margin: 0; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: .9rem; }
th, td { text-align: left; vertical-align: top; padding: .25rem .6rem; border-bottom: 1px solid var(--rule); }
td.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
#plot { margin: 0 -.5rem; min-height: 20rem; }
@media (max-width: 42rem) { body { font-size: 15px; } main { padding: .6rem; } dl { grid-template-columns: 1fr; }
  dt { margin-top: .4rem; } .findings td, .findings th { display: block; border: 0; padding: .1rem 0; }
  .findings tr { display: block; border-bottom: 1px solid var(--rule); padding: .4rem 0; } }
@media print { :root { --ink: #000; --paper: #fff; --card: #fff; --rule: #999; --dim: #333; --good: #000; --bad: #000;
  --open: #000; } body { font-size: 10pt; } main { max-width: none; padding: 0; } h2, h3 { break-after: avoid; }
  tr, .verdict, .modebar { break-inside: avoid; } .modebar { display: none; } }
"""
