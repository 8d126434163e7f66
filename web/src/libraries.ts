// All that the pages take from others; plot.ts apart.
export { Fragment, h, render } from "preact";
export type { ComponentChildren } from "preact";
export { useEffect, useRef, useState } from "preact/hooks";
