// filetag.js - how a message says that it is a file. Pure; the names of the tag stand here alone.

import { safeUrl } from "./format.js";

export const FILE_TAGS = ["chatd.org/file", "+chatd.org/file", "+chatd/file"];

const INLINE = /^image\/(png|jpeg|gif|webp|avif)$/;
const SHARED = /^(?:has )?shared the file (.+) \(([^()]*)\):? (https?:\/\/\S+)$/;
const IMAGE = /^(?:has )?sent you an image:? (https?:\/\/\S+)$/;

/**
 * { name, url, size, type, w, h, thumb, image, gone } of a message, null: it is no file. The tag's value is a query: name=…&size=…&type=…&w=…&h=…
 * &thumb=1&url=…; what it lacks is in the text. A file is shown in its place only if it is of the page's own server, which
 * checks its type.
 */
export function fileOf(tags, text, origin = globalThis.location?.origin ?? "") {
	const value = FILE_TAGS.map((t) => tags[t]).find((v) => v !== undefined);
	const shared = SHARED.exec(text);
	const image = IMAGE.exec(text);

	if (value === undefined && !(shared && isOurs(shared[3], origin)) && !(image && isOurs(image[1], origin)))
		return null;
	const q = new URLSearchParams(value ?? "");
	const url = safeUrl(q.get("url") ?? shared?.[3] ?? image?.[1] ?? /https?:\/\/\S+$/.exec(text)?.[0] ?? "");

	if (!url)
		return q.has("gone") || /\(file (expired|deleted)\)$/.test(text) ? { name: q.get("name") ?? "file", gone: true } : null;
	const name = q.get("name") ?? shared?.[1] ?? decodeName(url);
	const type = q.get("type") ?? guess(name);

	return { name, url, type, size: Number(q.get("size")) || 0, label: shared?.[2] ?? "", w: Number(q.get("w")) || 0, h: Number(q.get("h")) || 0,
		thumb: q.has("thumb") && q.get("thumb") !== "0", image: INLINE.test(type) && isOurs(url, origin), ours: isOurs(url, origin), gone: false };
}

function isOurs(url, origin) {
	try {
		const u = new URL(url);

		return u.origin === origin && u.pathname.startsWith("/files/");
	} catch {
		return false;
	}
}

function decodeName(url) {
	try {
		return decodeURIComponent(new URL(url).pathname.split("/").at(-1)) || "file";
	} catch {
		return "file";
	}
}

const TYPES = { png: "image/png", jpg: "image/jpeg", jpeg: "image/jpeg", gif: "image/gif", webp: "image/webp", avif: "image/avif" };

const guess = (name) => TYPES[name.split(".").at(-1).toLowerCase()] ?? "application/octet-stream";
