"""The style of the page: light and dark, on paper, and on a phone; no colour says anything that no word says."""

from __future__ import annotations

from typing import Final

STYLE: Final = """
:root { color-scheme: light dark; --text: #1b1f24; --back: #ffffff; --card: #f5f6f8; --line: #c9ced6;
  --quiet: #57606a; --error: #b3261e; --warning: #8a5a00; --info: #1f5fa8; --clean: #1a6b36; }
@media (prefers-color-scheme: dark) { :root { --text: #e6e8eb; --back: #15181c; --card: #1f242a; --line: #3d444d;
  --quiet: #a3abb5; --error: #ff8a80; --warning: #f0b849; --info: #82b8ff; --clean: #7fd69a; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--back); color: var(--text); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 62rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.5rem; margin: .5rem 0; }
h2 { font-size: 1.2rem; margin: 2rem 0 .5rem; border-bottom: 1px solid var(--line); }
h3 { font-size: 1.05rem; margin: 0 0 .25rem; }
h4 { font-size: 1rem; margin: 1.25rem 0 .25rem; }
.verdict { font-size: 1.25rem; padding: .75rem 1rem; border-left: .4rem solid var(--info); background: var(--card); }
.verdict.error, .verdict.incomplete, article.error { border-left-color: var(--error); }
.verdict.warning, article.warning { border-left-color: var(--warning); }
.verdict.clean { border-left-color: var(--clean); }
.counts { display: flex; flex-wrap: wrap; gap: .5rem 1.5rem; list-style: none; padding: 0; }
article { border-left: .4rem solid var(--info); background: var(--card); padding: .75rem 1rem; margin: 1rem 0;
  break-inside: avoid; }
article p { margin: .25rem 0; }
.badge { font-size: .8rem; text-transform: uppercase; border: 1px solid currentColor; border-radius: .25rem;
  padding: .05rem .35rem; color: var(--info); }
.error .badge, li.error b { color: var(--error); }
.warning .badge, li.warning b { color: var(--warning); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1rem; margin: .5rem 0; }
dt { color: var(--quiet); }
dd { margin: 0; overflow-wrap: anywhere; }
pre { overflow-x: auto; font-size: .85rem; margin: .25rem 0; }
.small { font-size: .85rem; color: var(--quiet); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: .9rem; }
th, td { text-align: left; vertical-align: top; padding: .3rem .6rem; border-bottom: 1px solid var(--line); }
.map { display: grid; grid-template-columns: repeat(64, 1fr); font-size: .8rem; border: 1px solid var(--line); }
.map div { border: 1px solid var(--line); padding: .2rem .3rem; overflow-wrap: anywhere; min-width: 0; }
.map .byte { color: var(--quiet); text-align: center; }
.map .free { color: var(--quiet); font-style: italic; }
.map b { display: block; }
.map .error { outline: 3px solid var(--error); outline-offset: -3px; }
.map .warning { outline: 3px solid var(--warning); outline-offset: -3px; }
.map .info { outline: 3px solid var(--info); outline-offset: -3px; }
@media (max-width: 42rem) { dl { grid-template-columns: 1fr; } dt { margin-top: .4rem; }
  .map { display: block; } .map .byte { display: none; } }
@media print { :root { --text: #000; --back: #fff; --card: #fff; --line: #888; --quiet: #333; }
  body { font-size: 10pt; } main { max-width: none; padding: 0; } h2, h3, h4 { break-after: avoid; }
  .map { break-inside: avoid; } }
"""
