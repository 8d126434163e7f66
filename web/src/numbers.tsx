import type { Status } from "./api";
import { h } from "./libraries";
import type { ComponentChildren } from "./libraries";
import { duration, moment, percent, rate, scaled, unknown } from "./units";

const Card = ({ name, value, children }: { name: string; value: string; children?: ComponentChildren }) =>
  <div class="number"><dt>{name}</dt><dd class={value === unknown ? "unknown" : "figure"}>{value}</dd><dd class="dim">{children}</dd></div>;

function hashrate(s: Status): string {
  const now = s.hashrate.now;
  if (now.hashrate === null) return "after ten seconds of work";
  const parts = [];
  if (now.devices) parts.push(`devices ${rate(now.devices)}`);
  if (now.rigs) parts.push(`rigs ${rate(now.rigs)}${now.band === null ? "" : ` ± ${percent(now.band)}`}`);
  return (parts.join(", ") || "nothing hashes") + "; the last 5 minutes";
}

function effort(s: Status): ComponentChildren {
  if (!s.effort) return "the work since a found block, by what one takes on average";
  const luck = s.luck[s.luck.length - 1];
  const since = `since ${s.effort.after_block ? "the block of" : "the start on"} ${moment(s.effort.since)}; ${percent(s.effort.chance_of_worse)} of blocks take more`;
  if (!luck) return since;
  return `${since}. Luck ${percent(luck.luck)} over ${luck.blocks} block${luck.blocks > 1 ? "s" : ""}; ${percent(luck.chance_of_worse)} are this unlucky`;
}

function best(part: number | null): string {
  if (part === null) return "";
  return part < 10 ? `${percent(part)} of what a block takes, ` : `${Math.round(part).toLocaleString("en")} times what a block takes, `;
}

// Numbers are the four that a solo miner lives by.
export const Numbers = ({ s }: { s: Status }) => <dl class="numbers">
  <Card name="Hashrate" value={rate(s.hashrate.now.hashrate)}>{hashrate(s)}</Card>
  <Card name="A block every" value={s.odds ? duration(s.odds.expected_seconds) : unknown}>
    {s.odds ? `on average; chance in a day ${percent(s.odds.day)}, month ${percent(s.odds.month)}, year ${percent(s.odds.year)}` : "when there is a hashrate"}</Card>
  <Card name="Effort" value={s.effort ? percent(s.effort.value) : unknown}>{effort(s)}</Card>
  <Card name="Best share" value={s.best_share ? scaled(s.best_share.difficulty, "") : unknown}>
    {s.best_share ? `${best(s.best_share.part)}by ${s.best_share.rig}` : "of rigs, by difficulty"}</Card>
</dl>;
