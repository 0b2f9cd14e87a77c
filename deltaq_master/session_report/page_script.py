"""What the page does in a browser: it draws the curves, in the colours of the page, and asks nobody for anything."""

from __future__ import annotations

from typing import Final

SCRIPT: Final = """
(() => {
  "use strict";
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const place = document.getElementById("plot");
  const figure = read("figure");
  for (const trace of figure.data) {
    if (trace.meta) Object.assign(trace, read("curve-" + trace.meta.curve));
  }
  const axes = Object.keys(figure.layout).filter((name) => /^[xy]axis/.test(name));
  const colours = () => {
    const style = getComputedStyle(document.documentElement);
    const [ink, paper, rule] = ["--ink", "--paper", "--rule"].map((name) => style.getPropertyValue(name).trim());
    const wanted = { "font.color": ink, "hoverlabel.bgcolor": paper, "hoverlabel.font.color": ink,
      "modebar.color": ink, "modebar.activecolor": "#2a78c8", "modebar.bgcolor": "rgba(0,0,0,0)" };
    for (const name of axes) {
      wanted[name + ".gridcolor"] = rule;
      wanted[name + ".zerolinecolor"] = rule;
      wanted[name + ".linecolor"] = rule;
      wanted[name + ".tickfont.color"] = ink;
    }
    return wanted;
  };
  const touched = matchMedia("(pointer: coarse)").matches;
  // A finger on the curves scrolls the page; the buttons zoom.
  figure.layout.dragmode = touched ? false : "zoom";
  const options = { responsive: true, displaylogo: false, displayModeBar: touched || "hover",
    plotlyServerURL: "",
    modeBarButtons: [["toImage"], ["zoom2d", "pan2d"], ["zoomIn2d", "zoomOut2d", "resetScale2d"]] };
  const paint = () => Plotly.relayout(place, colours());
  Plotly.newPlot(place, figure.data, figure.layout, options).then(paint).then(() => {
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", paint);
    matchMedia("print").addEventListener("change", paint);
    document.documentElement.dataset.drawn = "yes";
  });
})();
"""
