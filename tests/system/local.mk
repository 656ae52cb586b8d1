# Python, nothing to build: `run` runs all of it against a build tree.

EXTRA_DIST += \
	%reldir%/run \
	%reldir%/campaign.py \
	%reldir%/campaign_faults.py \
	%reldir%/campaign_fuzzing.py \
	%reldir%/campaign_soak.py \
	%reldir%/campaign_sync.py \
	%reldir%/churn.py \
	%reldir%/faults.py \
	%reldir%/harness.py \
	%reldir%/irc.py \
	%reldir%/irc_bot.py \
	%reldir%/load.py \
	%reldir%/test_auth.py \
	%reldir%/test_chatctl.py \
	%reldir%/test_config.py \
	%reldir%/test_faults.py \
	%reldir%/test_install.py \
	%reldir%/test_irc_bad.py \
	%reldir%/test_irc_clients.py \
	%reldir%/test_irc_about.py \
	%reldir%/test_irc_core.py \
	%reldir%/test_irc_info.py \
	%reldir%/test_irc_habits.py \
	%reldir%/test_irc_list.py \
	%reldir%/test_irc_load.py \
	%reldir%/test_irc_mixed.py \
	%reldir%/test_irc_modes.py \
	%reldir%/test_irc_monitor.py \
	%reldir%/test_irc_multiline.py \
	%reldir%/test_irc_oper.py \
	%reldir%/test_irc_plain.py \
	%reldir%/test_irc_queue.py \
	%reldir%/test_irc_register.py \
	%reldir%/test_irc_rooms.py \
	%reldir%/test_irc_talk.py \
	%reldir%/test_irc_who.py \
	%reldir%/test_killpoints.py \
	%reldir%/test_limits.py \
	%reldir%/test_login.py \
	%reldir%/test_manuals.py \
	%reldir%/test_order.py \
	%reldir%/test_programs.py \
	%reldir%/test_rooms.py \
	%reldir%/test_talk.py \
	%reldir%/test_wire.py
