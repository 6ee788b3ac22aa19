// SPDX-License-Identifier: MIT
// The table of uploads: live ones as they change, and those on record page by page.
import { byId } from "../elements";
import { type Changes, type Upload, get } from "./api";
import { Rates } from "./rates";
import { type Actions, Row } from "./row";

const JOURNAL = "journal";
const PAGE = 100;

// As admin/upload_list.h has it.
interface Page {
  uploads: Upload[];
  next?: number;
  matching?: number;
  truncated?: boolean;
}

// The orders in which the newest uploads alone are looked at.
const LOOKED_AT = "10,000";

function selected(id: string): string {
  return byId<HTMLSelectElement>(id).value;
}

export class Table {
  private uploads = new Map<number, Upload>();
  private rows = new Map<number, Row>();
  private rates = new Rates();
  private next: number | undefined;
  private liveOrder = "active";

  // `changed` is called when other uploads are wanted.
  constructor(
    private readonly actions: Actions,
    changed: () => void,
  ) {
    byId("filter").oninput = changed;
    byId("filter").onsubmit = (event) => event.preventDefault();
    byId("more").onclick = () => void this.loadMore();
  }

  get isLive(): boolean {
    return !selected("which").startsWith(JOURNAL);
  }

  // For the stream of events, which tells of the server also while the table shows what is on record.
  get query(): string {
    return new URLSearchParams(
      this.isLive
        ? {
            state: selected("which"),
            search: byId<HTMLInputElement>("search").value.trim(),
            sort: selected("sort"),
            reverse: String(byId<HTMLInputElement>("reverse").checked),
          }
        : {},
    ).toString();
  }

  // Another view.
  begin(): void {
    this.uploads = new Map();
    this.rates = new Rates();
    this.next = undefined;
    byId("more").hidden = true;
    this.offerOrders();
    if (this.isLive) {
      return;
    }
    this.render([], Date.now());
    void this.loadMore();
  }

  // What is on record has no activity: there the newest come first, until the person says otherwise.
  private offerOrders(): void {
    const order = byId<HTMLSelectElement>("sort");
    const activity = order.options[0]!;
    if (!this.isLive && !activity.disabled) {
      this.liveOrder = order.value;
      order.value = order.value === activity.value ? "id" : order.value;
    } else if (this.isLive && activity.disabled && this.liveOrder === activity.value) {
      order.value = this.liveOrder;
    }
    activity.disabled = activity.hidden = !this.isLive;
  }

  hear(changes: Changes): void {
    if (!this.isLive) {
      return;
    }
    if (changes.all) {
      this.uploads.clear();
    }
    for (const upload of changes.rows) {
      this.uploads.set(upload.id, upload);
    }
    const shown = changes.order.flatMap((id) => this.uploads.get(id) ?? []);
    this.uploads = new Map(shown.map((upload) => [upload.id, upload]));
    this.rates.tick(changes.at, new Map(shown.map(({ id, arrived }) => [id, arrived])));
    this.render(shown, changes.at);
    this.say(
      changes.matching > shown.length
        ? `The first ${shown.length} of ${changes.matching} uploads`
        : `${shown.length} ${shown.length === 1 ? "upload" : "uploads"}`,
    );
  }

  // What is on record does not tell of its changes.
  reload(): void {
    if (!this.isLive) {
      this.begin();
    }
  }

  private async loadMore(): Promise<void> {
    const which = selected("which");
    const search = byId<HTMLInputElement>("search").value.trim();
    const order = selected("sort");
    const query = new URLSearchParams({
      count: String(PAGE),
      sort: order,
      reverse: String(byId<HTMLInputElement>("reverse").checked),
    });
    if (which !== JOURNAL) {
      query.set("state", which.slice(JOURNAL.length + 1));
    }
    if (search) {
      query.set("search", search);
    }
    if (this.next) {
      query.set(order === "id" ? "after" : "skip", String(this.next));
    }
    const before = this.uploads;
    let page: Page;
    try {
      page = await get<Page>(`uploads?${query}`);
    } catch (error) {
      this.say(`The uploads cannot be read: ${String((error as Error).message)}`);
      return;
    }
    if (this.uploads !== before) {
      return; // The person has asked for others meanwhile.
    }
    for (const upload of page.uploads) {
      this.uploads.set(upload.id, upload);
    }
    this.next = page.next;
    byId("more").hidden = !page.next;
    this.render([...this.uploads.values()], Date.now());
    this.say(this.wordsOf(page));
  }

  private wordsOf(page: Page): string {
    const count = this.uploads.size;
    if (page.matching === undefined) {
      return `${count} ${count === 1 ? "upload" : "uploads"}${page.next ? ", and there may be more" : ""}`;
    }
    const words = page.next ? `The first ${count} of ${page.matching} uploads` : `${count} ${count === 1 ? "upload" : "uploads"}`;
    return page.truncated ? `${words} among the newest ${LOOKED_AT}` : words;
  }

  private say(words: string): void {
    if (byId("shown").textContent !== words) {
      byId("shown").textContent = words;
    }
  }

  private render(uploads: Upload[], now: number): void {
    const body = byId("rows");
    const focused = document.activeElement;
    const wanted = new Set(uploads.map(({ id }) => id));
    for (const [id, row] of this.rows) {
      if (!wanted.has(id)) {
        row.element.remove();
        this.rows.delete(id);
      }
    }
    uploads.forEach((upload, index) => {
      const row = this.rows.get(upload.id) ?? new Row(upload, this.actions);
      this.rows.set(upload.id, row);
      row.show(upload, now, this.isLive ? this.rates : undefined);
      if (body.children[index] !== row.element) {
        body.insertBefore(row.element, body.children[index] ?? null);
      }
    });
    // A row that moves loses the focus.
    if (focused instanceof HTMLElement && focused.isConnected && body.contains(focused)) {
      focused.focus({ preventScroll: true });
    }
  }
}
