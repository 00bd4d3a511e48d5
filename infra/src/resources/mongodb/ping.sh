# Succeeds when the database answers `ping`. A port that is open is not enough, as a frozen process keeps it open, and
# mongosh would take seconds of CPU for the same question.
#
# The bytes are one OP_MSG: length 51, request 1, opcode 2013, and the document {ping: 1, $db: "admin"}.
set -eu

exec 3<>"/dev/tcp/127.0.0.1/${PORT:-27017}"
printf '\x33\0\0\0\x01\0\0\0\0\0\0\0\xdd\x07\0\0\0\0\0\0\0\x1e\0\0\0\x10ping\0\x01\0\0\0\x02$db\0\x06\0\0\0admin\0\0' >&3
answer=$(timeout 4 head -c 38 <&3 | od -An -tx1 -v | tr -d ' \n')
# The answer holds the field `ok` with the double 1.0.
case $answer in
  *016f6b00000000000000f03f*) ;;
  *) exit 1 ;;
esac
