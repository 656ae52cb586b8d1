# bench: what it costs, beside the least that any server could do (see bench/README.md)
noinst_PROGRAMS += bench/limit bench/chatload bench/nodelay.so

bench_limit_SOURCES = %reldir%/limit.c

bench_chatload_SOURCES = %reldir%/chatload.c %reldir%/options.c %reldir%/report.c \
	%reldir%/load.h %reldir%/load_talk.c %reldir%/load_connect.c %reldir%/client.c %reldir%/client.h \
	%reldir%/tongue.c %reldir%/tongue.h %reldir%/verify.c %reldir%/verify.h \
	%reldir%/hist.c %reldir%/hist.h %reldir%/tree.c %reldir%/tree.h %reldir%/secure.c %reldir%/secure.h
bench_chatload_CFLAGS = $(AM_CFLAGS) $(OPENSSL_CFLAGS)
bench_chatload_LDADD = $(LDADD) $(OPENSSL_LIBS)

# Loaded into peers that leave Nagle's algorithm on; a shared object without libtool.
bench_nodelay_so_SOURCES = %reldir%/nodelay.c
bench_nodelay_so_CFLAGS = $(WARN_CFLAGS) -fPIC
bench_nodelay_so_LDFLAGS = -shared
bench_nodelay_so_LDADD = -ldl

if HAVE_SQLITE
noinst_PROGRAMS += bench/storeload
bench_storeload_CFLAGS = $(AM_CFLAGS) $(SQLITE_CFLAGS)
bench_storeload_SOURCES = %reldir%/storeload.c %reldir%/hist.c %reldir%/hist.h
bench_storeload_LDADD = $(store_libs)
endif

TESTS += bench/selftest

EXTRA_DIST += %reldir%/abuser %reldir%/files %reldir%/run %reldir%/servers.py %reldir%/selftest %reldir%/README.md \
	%reldir%/peers/ngircd.conf %reldir%/peers/inspircd.conf
