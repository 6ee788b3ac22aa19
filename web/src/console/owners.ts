// SPDX-License-Identifier: MIT
// Who takes what.
import { byId } from "../elements";
import { get } from "./api";
import { bytes } from "./words";

interface Owner {
  owner: string;
  sessions: number;
  bytes: number;
  records: number;
  sessions_max?: number;
  bytes_max?: number;
  records_max?: number;
}

function amount(label: string, value: number, max: number | undefined, words: (count: number) => string): HTMLElement {
  const cell = document.createElement("td");
  cell.dataset.label = label;
  cell.textContent = max === undefined ? words(value) : `${words(value)} of ${words(max)}`;
  return cell;
}

function row(owner: Owner): HTMLElement {
  const made = document.createElement("tr");
  const name = document.createElement("th");
  name.scope = "row";
  name.dataset.label = "Owner";
  name.textContent = owner.owner || "Nobody: uploads without a credential";
  made.append(
    name,
    amount("Bytes", owner.bytes, owner.bytes_max, bytes),
    amount("Unfinished uploads", owner.sessions, owner.sessions_max, String),
    amount("Records", owner.records, owner.records_max, String),
  );
  return made;
}

export async function loadOwners(): Promise<void> {
  const { owners } = await get<{ owners: Owner[] }>("owners");
  byId("owners").replaceChildren(...owners.map(row));
}
