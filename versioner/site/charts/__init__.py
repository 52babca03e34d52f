"""The geometry of pictures: numbers and times as coordinates and paths of SVG; pure."""
