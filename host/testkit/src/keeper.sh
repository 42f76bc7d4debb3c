# keeper RUBBISH SIGNAL PROGRAM ARGUMENT…: runs the program, sends it the signal once standard input ends, and removes the
# folder RUBBISH when it has stopped: unless there is none, or the word `keep` came first.
#
# Whoever starts this holds the other end of the pipe, so the program ends with them, however they end.
rubbish=$1; signal=$2; shift 2
exec 3<&0 </dev/null
"$@" 3<&- & server=$!
( read -r word <&3; [ -z "$rubbish" ] || [ "$word" != keep ] || touch "$rubbish/keep"; kill -"$signal" "$server" ) 2>/dev/null & watcher=$!
exec 3<&-
wait "$server"; status=$?
kill "$watcher" 2>/dev/null
[ -z "$rubbish" ] || if [ -e "$rubbish/keep" ]; then rm "$rubbish/keep"; else rm -rf "$rubbish"; fi
exit "$status"
