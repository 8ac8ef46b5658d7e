// The palette is the style sheet's: a chart is painted in the colours that hold when it is drawn.

export const root = document.documentElement;
export const dark = window.matchMedia("(prefers-color-scheme: dark)");
export const colour = (token) => getComputedStyle(root).getPropertyValue("--" + token).trim();
export const isNarrow = () => innerWidth < 760;
export const font = "12px system-ui, sans-serif";
