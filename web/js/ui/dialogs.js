// dialogs.js - windows over the page: <dialog>, so that the browser sees to focus, Escape and what lies below.

import { $, h, iconButton } from "./dom.js";

/** A dialog with a heading; the element. It is gone from the document when it closes. */
export function dialog(title, ...content) {
	const id = "dialog-title";
	const el = h(
		"dialog",
		{ "aria-labelledby": id },
		h(
			"header",
			{},
			h("h2", { id }, title),
			iconButton("x", "Close", () => el.close()),
		),
		h("div.dialog-body", { tabIndex: 0 }, ...content),
	);

	document.querySelectorAll("dialog").forEach((d) => d.close());
	el.addEventListener("close", () => {
		el.remove();
		if (document.activeElement === document.body)
			$("input")?.focus();
	});
	el.addEventListener("click", (e) => {
		if (e.target === el)
			el.close();
	});
	document.body.append(el);
	el.showModal();
	return el;
}

let serial = 0;

/** A label and its input. */
export function field(label, props = {}, hint = "") {
	const id = "f" + ++serial;
	const input = props.rows ? h("textarea", { id, ...props }) : h("input", { id, ...props });

	return {
		input,
		el: h("div.field", {}, h("label", { htmlFor: id }, label, hint ? h("span.soft", {}, " " + hint) : null), input),
	};
}

/** A form in a dialog. done(values) returns "" or what is wrong, or a promise of it. */
export function ask(title, fields, button, done, { lead = "", danger = false } = {}) {
	const error = h("p.error", { role: "alert" });
	const made = fields.map((f) => [f.name, field(f.label, f.props, f.hint)]);
	const go = h(`button.${danger ? "danger" : "primary"}`, { type: "submit" }, button);
	const form = h(
		"form",
		{ noValidate: true, autocomplete: "off" },
		lead ? h("p.lead", {}, lead) : null,
		made.map(([, f]) => f.el),
		error,
		h("div.buttons", {}, go),
	);
	const el = dialog(title, form);

	form.addEventListener("submit", async (e) => {
		e.preventDefault();
		go.disabled = true;
		error.textContent = "";
		const wrong = await done(Object.fromEntries(made.map(([name, f]) => [name, f.input.value])));

		go.disabled = false;
		if (wrong)
			error.textContent = wrong;
		else
			el.close();
	});
	(made[0]?.[1].input ?? go).focus();
	made[0]?.[1].input.select?.();
	return el;
}

/** A row of a settings table. */
export function choice(label, value, options, change) {
	const id = "f" + ++serial;

	return h(
		"div.setting",
		{},
		h("label", { htmlFor: id }, label),
		h(
			"select",
			{ id, onchange: (e) => change(e.target.value) },
			Object.entries(options).map(([v, text]) => h("option", { value: v, selected: v === value }, text)),
		),
	);
}

export function toggle(label, value, change, hint = "") {
	const id = "f" + ++serial;

	return h(
		"div.setting",
		{},
		h("label", { htmlFor: id }, label, hint ? h("span.soft.block", {}, hint) : null),
		h("input.switch", {
			id,
			type: "checkbox",
			role: "switch",
			checked: value,
			onchange: (e) => change(e.target.checked, e.target),
		}),
	);
}
