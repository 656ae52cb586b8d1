noinst_LIBRARIES += %D%/libproto.a
%C%_libproto_a_SOURCES = \
	%D%/at.c %D%/at.h %D%/format.c %D%/format.h \
	%D%/disposition.c %D%/disposition.h %D%/http.c %D%/http.h %D%/multipart.c %D%/multipart.h %D%/picture.c %D%/picture.h %D%/range.c %D%/range.h \
	%D%/irc.c %D%/irc.h %D%/irc_tags.c %D%/irc_time.c %D%/query.c %D%/query.h %D%/sasl.c %D%/sasl.h \
	%D%/telnet.c %D%/telnet.h \
	%D%/ws.c %D%/ws.h
