// filetag.js - how a message says that it is a file. Pure; the names of the tag stand here alone.

import { safeUrl } from "./format.js";

// The server's own tag, which cannot be forged: words that look like a file, or a tag with a '+', are anybody's.
const TAG = "chatd.org/file";

const INLINE = /^image\/(png|jpeg|gif|webp|avif)$/;
const SHARED = /^(?:has )?shared the file (.+) \(([^()]*)\):? (https?:\/\/\S+|\(file expired\))$/;

/** Where the page's files are; session.js knows better when it is connected elsewhere. */
export const place = { origin: globalThis.location?.origin ?? "" };

/**
 * { name, url, thumb, size, label, type, w, h, image, gone } of a message, null: it is no file. The tag's value is a query:
 * name=…&size=…&type=…&w=…&h=…&thumb=1&gone=1; the link is in the text. A picture is shown in its place only if it is of the
 * page's own server, which has checked its type (and the page's policy lets no other in); by whatever name that calls itself in
 * its links.
 */
export function fileOf(tags, text, origin = place.origin) {
	if (tags[TAG] === undefined)
		return null;
	const shared = SHARED.exec(text);
	const q = new URLSearchParams(tags[TAG].replaceAll("+", "%2B"));
	const named = safeUrl(q.get("url") ?? shared?.[3] ?? /https?:\/\/\S+$/.exec(text)?.[0] ?? "");

	if (q.has("gone") || shared?.[3] === "(file expired)")
		return { name: q.get("name") ?? shared?.[1] ?? "file", gone: true, image: false };
	if (!named)
		return null;
	const url = here(named, origin);
	const name = q.get("name") ?? shared?.[1] ?? decodeName(url);
	const type = q.get("type") ?? guess(name);
	const image = INLINE.test(type) && isOurs(url, origin) && (globalThis.location?.origin ?? origin) === origin;

	return {
		name,
		url,
		thumb: image && q.get("thumb") === "1" ? `${url}&t=1` : "",
		size: Number(q.get("size")) || 0,
		label: shared?.[2] ?? "",
		type,
		w: Number(q.get("w")) || 0,
		h: Number(q.get("h")) || 0,
		image,
		gone: false,
	};
}

/** Is the file's link no longer good at that time (ms)? It says so itself, in seconds. */
export const expired = (file, now) => Number(new URL(file.url).searchParams.get("e") ?? Infinity) * 1000 < now;

/** An address of the server's files, by the name that the server has for us: it may call itself otherwise. */
export function here(url, origin = place.origin) {
	const { pathname, search } = new URL(url);

	return origin && pathname.startsWith("/files/") ? origin + pathname + search : url;
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

const TYPES = {
	png: "image/png",
	jpg: "image/jpeg",
	jpeg: "image/jpeg",
	gif: "image/gif",
	webp: "image/webp",
	avif: "image/avif",
};

const guess = (name) => TYPES[name.split(".").at(-1).toLowerCase()] ?? "application/octet-stream";
