/// <reference lib="dom" />
const WIDTH = 60;
const HEIGHT = 16;

/** Values as a small line, from zero to the highest; for people who see it, since the number stands beside it. */
export function Sparkline(
  { points, wide = false }: { points: readonly number[] | undefined; wide?: boolean },
) {
  if (points === undefined || points.length < 2) return <svg class="spark" aria-hidden="true" />;
  const most = Math.max(...points, 0.1);
  const step = WIDTH / (points.length - 1);
  const line = points.map((value, at) =>
    `${(at * step).toFixed(1)},${(HEIGHT - 1 - value / most * (HEIGHT - 2)).toFixed(1)}`
  );
  return (
    <svg
      class={wide ? "spark wide" : "spark"}
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      aria-hidden="true"
    >
      <polyline points={line.join(" ")} />
    </svg>
  );
}
