/**
 * Which frames to empty for a new tenant: the window of adjacent frames that costs least to lose.
 *
 * In: the tenants by frame (none: free; pinned ones cannot move). Out: the first frame of the window, or `undefined`.
 * Invariant: a window overlaps no pinned tenant. A tenant that sticks out of the window is lost whole, and paid for
 * whole.
 */
export interface Tenant {
  readonly frame: number;
  readonly frameCount: number;
  /** More than 0: stays where it is. */
  pins: number;
  uses: number;
  /** The pool's clock at the last use. */
  lastUse: number;
}

/**
 * What losing one frame of the tenant costs: its chance to be used again, estimated by frequency over age.
 * The one place where the request rates of several models sharing a page come in: p(reuse) = 1 - exp(-sum of rates x
 * age).
 */
export function keepWeight(tenant: Tenant, now: number): number {
  const rate = Math.min(tenant.uses, 16) / (now - tenant.lastUse + 1);
  return 1 - Math.exp(-rate);
}

/** Frames looked at for a single frame: a sample, so that a miss costs the same in a large pool. */
const SAMPLE_FRAMES = 64;

/** The least valuable unpinned frame among a sample from `hand` on; all frames when the sample is pinned throughout. */
export function findFrame(
  tenants: readonly (Tenant | undefined)[],
  options: { hand: number; now: number },
): number | undefined {
  let best: number | undefined;
  let bestCost = Infinity;
  for (let step = 0; step < tenants.length; step++) {
    if (step >= SAMPLE_FRAMES && best !== undefined) break;
    const frame = (options.hand + step) % tenants.length;
    const tenant = tenants[frame];
    if (tenant === undefined) return frame;
    if (tenant.pins > 0) continue;
    const cost = keepWeight(tenant, options.now) * tenant.frameCount;
    if (cost < bestCost) {
      best = frame;
      bestCost = cost;
    }
  }
  return best;
}

/** The cheapest window of `count` frames; of equals the lowest, or the highest when `fromTop`. */
export function findWindow(
  tenants: readonly (Tenant | undefined)[],
  options: { count: number; now: number; fromTop: boolean },
): number | undefined {
  const { count, now, fromTop } = options;
  const free = findFreeWindow(tenants, options);
  if (free !== undefined) return free;
  const costs = new Float64Array(tenants.length);
  for (let frame = 0; frame < tenants.length; frame++) {
    const tenant = tenants[frame];
    costs[frame] = tenant === undefined ? 0 : keepWeight(tenant, now);
  }
  let best: number | undefined;
  let bestCost = Infinity;
  let pinned = 0;
  let inside = 0;
  for (let end = 0; end < tenants.length; end++) {
    inside += costs[end]!;
    if ((tenants[end]?.pins ?? 0) > 0) pinned++;
    if (end >= count) {
      inside -= costs[end - count]!;
      if ((tenants[end - count]?.pins ?? 0) > 0) pinned--;
    }
    const start = end - count + 1;
    if (start < 0 || pinned > 0) continue;
    const cost = Math.max(0, inside) + overhang(tenants, { start, count, costs });
    // Rounding in the running sum must not decide between equals.
    if (cost < bestCost - 1e-9 || (fromTop && cost <= bestCost + 1e-9)) {
      best = start;
      bestCost = Math.min(cost, bestCost);
    }
  }
  return best;
}

/** A window without tenants costs nothing, and most are found at the first look. */
function findFreeWindow(
  tenants: readonly (Tenant | undefined)[],
  { count, fromTop }: { count: number; fromTop: boolean },
): number | undefined {
  let length = 0;
  for (let step = 0; step < tenants.length; step++) {
    const frame = fromTop ? tenants.length - 1 - step : step;
    length = tenants[frame] === undefined ? length + 1 : 0;
    if (length === count) return fromTop ? frame : frame - count + 1;
  }
  return undefined;
}

function overhang(
  tenants: readonly (Tenant | undefined)[],
  window: { start: number; count: number; costs: Float64Array },
): number {
  const end = window.start + window.count;
  const first = tenants[window.start];
  const last = tenants[end - 1];
  const before = first === undefined ? 0 : window.start - first.frame;
  const after = last === undefined ? 0 : last.frame + last.frameCount - end;
  return Math.max(0, before) * window.costs[window.start]! + Math.max(0, after) * window.costs[end - 1]!;
}
