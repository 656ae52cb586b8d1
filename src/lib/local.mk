# no chat knowledge: what every process stands on
noinst_LIBRARIES += %D%/liblib.a
%C%_liblib_a_CFLAGS = $(AM_CFLAGS) $(UTF8PROC_CFLAGS) $(LIBCONFIG_CFLAGS)
%C%_liblib_a_SOURCES = \
	%D%/buf.c %D%/buf.h \
	%D%/conf.c %D%/conf.h \
	%D%/fdpass.c %D%/fdpass.h \
	%D%/glob.c %D%/glob.h \
	%D%/log.c %D%/log.h \
	%D%/logsink.c %D%/logsink.h \
	%D%/loop.c %D%/loop.h \
	%D%/name.c %D%/name.h \
	%D%/net.c %D%/net.h \
	%D%/proxy.c %D%/proxy.h \
	%D%/str.h \
	%D%/sdnotify.c %D%/sdnotify.h \
	%D%/siphash.c %D%/siphash.h \
	%D%/text.c %D%/text_bidi.c %D%/text.h \
	%D%/util.c %D%/util.h
