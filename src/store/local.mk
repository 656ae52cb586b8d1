# chatd-store: remembers, in SQLite
if HAVE_SQLITE
roles_PROGRAMS += %D%/chatd-store
%C%_chatd_store_CFLAGS = $(AM_CFLAGS) $(SQLITE_CFLAGS)
%C%_chatd_store_SOURCES = %D%/main.c %D%/faultvfs.c %D%/faultvfs.h %D%/link.c %D%/link.h
%C%_chatd_store_LDADD = src/registry/libregistry.a src/ipc/libipc.a src/lib/liblib.a $(SQLITE_LIBS) $(UTF8PROC_LIBS)
endif
