# chatd-store: remembers, in SQLite. An archive of its own, so that tests can write and ask without a process around them.
if HAVE_SQLITE
noinst_LIBRARIES += %D%/libstore.a
%C%_libstore_a_CFLAGS = $(AM_CFLAGS) $(SQLITE_CFLAGS) $(UTF8PROC_CFLAGS)
%C%_libstore_a_SOURCES = \
	%D%/accounts.c %D%/admin.c %D%/events.c %D%/files.c %D%/index.c %D%/intake.c %D%/intake.h %D%/merge.c %D%/names.c %D%/orphans.c %D%/retain.c %D%/rooms.c %D%/talk.c \
	%D%/ask.c %D%/ask.h %D%/ask_count.c %D%/ask_file.c %D%/ask_find.c %D%/ask_priv.h %D%/ask_walk.c %D%/ask_when.c %D%/ask_where.c \
	%D%/db.c %D%/db.h \
	%D%/faultvfs.c %D%/faultvfs.h \
	%D%/filelist.c %D%/filelist.h \
	%D%/link.c %D%/link.h \
	%D%/lookup.c %D%/lookup.h \
	%D%/match.c %D%/match.h \
	%D%/page.h \
	%D%/past.c %D%/past.h \
	%D%/reached.c %D%/reached.h \
	%D%/rows.c %D%/rows.h \
	%D%/schema.c %D%/schema.h \
	%D%/search.c %D%/search.h \
	%D%/settings.c %D%/settings.h \
	%D%/thread.c %D%/thread.h \
	%D%/upkeep.c %D%/upkeep.h \
	%D%/writer.c %D%/writer.h

roles_PROGRAMS += %D%/chatd-store
%C%_chatd_store_CFLAGS = $(AM_CFLAGS) $(SQLITE_CFLAGS)
%C%_chatd_store_SOURCES = %D%/main.c
store_libs = %D%/libstore.a src/proto/libproto.a src/registry/libregistry.a src/ipc/libipc.a src/lib/liblib.a $(SQLITE_LIBS) \
	$(UTF8PROC_LIBS)
%C%_chatd_store_LDADD = $(store_libs)
endif
