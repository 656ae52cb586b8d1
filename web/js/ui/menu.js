// menu.js - menus that open beside what they are about. Arrow keys, Escape, and the first letters of an item work.

import { $, h } from "./dom.js";

let open = null;

export function closeMenu(back = true) {
	if (!open)
		return;
	const { el, from } = open;

	open = null;
	el.remove();
	removeEventListener("pointerdown", outside, true);
	removeEventListener("resize", gone);
	if (back && from?.isConnected)
		from.focus({ preventScroll: true });
}

const outside = (e) => open && !open.el.contains(e.target) && closeMenu(false);
const gone = () => closeMenu(false);

/**
 * items: { label, act, danger, checked } or { head } or { row: [element] } or null (left out). at: { x, y }, or beside `from`.
 */
export function openMenu(from, items, at = null, label = "") {
	closeMenu(false);
	const el = h(
		"div.menu",
		{ role: "menu", "aria-label": label || null },
		items.filter(Boolean).map((i) => item(i)),
	);

	$("main").append(el);
	open = { el, from };
	place(el, from.getBoundingClientRect(), at);
	el.addEventListener("keydown", (e) => key(e, el));
	addEventListener("pointerdown", outside, true);
	addEventListener("resize", gone);
	(el.querySelector("[role^=menuitem]") ?? el).focus({ preventScroll: true });
}

function item(i) {
	if (i.head)
		return h("div.menu-head", { role: "presentation" }, i.head);
	if (i.row)
		return h("div.menu-row", { role: "group", "aria-label": i.label ?? null }, i.row);
	const b = h(
		`button${i.danger ? ".danger" : ""}`,
		{
			type: "button",
			role: i.checked === undefined ? "menuitem" : "menuitemcheckbox",
			tabIndex: -1,
			"aria-checked": i.checked === undefined ? null : String(i.checked),
			onclick: () => {
				closeMenu();
				i.act();
			},
		},
		i.label,
	);

	return b;
}

/** A button of a row within a menu. */
export function rowButton(text, label, act) {
	return h(
		"button.emoji",
		{
			type: "button",
			role: "menuitem",
			tabIndex: -1,
			"aria-label": label,
			title: label,
			onclick: () => {
				closeMenu();
				act();
			},
		},
		text,
	);
}

function place(el, box, at) {
	const w = el.offsetWidth;
	const height = el.offsetHeight;
	const x = at ? at.x : box.right - w > 8 ? box.right - w : box.left;
	let y = at ? at.y : box.bottom + 4;

	if (y + height > innerHeight - 8)
		y = at ? innerHeight - height - 8 : box.top - height - 4;
	el.style.left = Math.max(8, Math.min(x, innerWidth - w - 8)) + "px";
	el.style.top = Math.max(8, Math.min(y, innerHeight - height - 8)) + "px";
}

function key(e, el) {
	const all = [...el.querySelectorAll("[role^=menuitem]")];
	const at = all.indexOf(document.activeElement);
	const step = { ArrowDown: 1, ArrowUp: -1, ArrowRight: 1, ArrowLeft: -1 }[e.key];

	if (step) {
		all[(at + step + all.length) % all.length]?.focus();
	} else if (e.key === "Home" || e.key === "End") {
		all.at(e.key === "Home" ? 0 : -1)?.focus();
	} else if (e.key === "Escape") {
		closeMenu();
	} else if (e.key === "Tab") {
		closeMenu();
	} else if (e.key.length === 1 && e.key !== " ") {
		all.find((b) => b.textContent.toLowerCase().startsWith(e.key.toLowerCase()))?.focus();
		return;
	} else {
		return;
	}
	e.preventDefault();
	e.stopPropagation();
}
