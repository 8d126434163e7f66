// The library of charts, by itself: an owner's page has none.
export { default as uPlot } from "uplot";
