// settings.js - what somebody has chosen about the page; kept in this browser, the same in all of its tabs.

const KEY = "chat.settings";

const DEFAULTS = {
	format: "groups", // format.js: FORMATS
	twelve: false,
	theme: "auto",
	sounds: true,
	notify: false,
	joins: true,
	previews: true,
	enter: true,
};

const listeners = new Set();
let store = null;

try {
	store = globalThis.localStorage;
} catch {
	/* not allowed: then for this tab only */
}

/** A value kept under a name; fallback if there is none that can be read. */
export function recall(name, fallback, where = store) {
	try {
		return JSON.parse(where?.getItem(name)) ?? fallback;
	} catch {
		return fallback;
	}
}

export function keep(name, value, where = store) {
	try {
		where?.setItem(name, JSON.stringify(value));
	} catch {
		/* full, or not allowed */
	}
}

export const settings = { ...DEFAULTS, ...recall(KEY, {}) };

export function set(name, value) {
	settings[name] = value;
	keep(KEY, settings);
	listeners.forEach((fn) => fn(name));
}

export const onSetting = (fn) => listeners.add(fn);

globalThis.addEventListener?.("storage", (e) => {
	if (e.key === KEY) {
		Object.assign(settings, DEFAULTS, recall(KEY, {}));
		listeners.forEach((fn) => fn("*"));
	}
});
