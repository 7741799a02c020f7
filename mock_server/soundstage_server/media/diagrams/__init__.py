"""Diagrams as SVG and PNG: flowcharts, Gantt charts, infographics and mind maps."""
