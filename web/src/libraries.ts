// All that the page takes from others.
export { Fragment, h, render } from "preact";
export type { ComponentChildren } from "preact";
export { useEffect, useRef, useState } from "preact/hooks";
export { default as uPlot } from "uplot";
