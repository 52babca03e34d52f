#!/bin/sh
# What stands before git http-backend, as a forge does: asks for a token, and sets what the
# repository's own forge.sh says. A builtin wherever one serves: it runs once a request.
root=$GIT_PROJECT_ROOT
path=${PATH_INFO#/}
repository=$root/${path%%.git/*}.git
tokens= public= protocol=2 file_blocks=
[ -f "$repository/forge.sh" ] && . "$repository/forge.sh"

right=read
case $PATH_INFO?$QUERY_STRING in
*/git-receive-pack\?* | *\?service=git-receive-pack*) right=write ;;
esac

refuse() {
    printf 'Status: %s\r\nContent-Type: text/plain\r\n' "$1"
    [ "$1" != '401 Unauthorized' ] || printf 'WWW-Authenticate: Basic realm="forge"\r\n'
    printf '\r\n%s\n' "$2"
    exit 0
}

if [ -n "$tokens" ]; then
    given= user=
    case ${HTTP_AUTHORIZATION-} in
    [Bb]asic\ *)
        pair=$(printf %s "${HTTP_AUTHORIZATION#* }" | base64 -d 2>/dev/null)
        user=${pair%%:*} given=${pair#*:}
        ;;
    [Bb]earer\ *) user=bearer given=${HTTP_AUTHORIZATION#* } ;;
    esac
    has=none
    for each in $tokens; do
        [ "${each%:*}" = "$given" ] && has=${each##*:}
    done
    if [ -z "$given" ] && [ -n "$public" ] && [ $right = read ]; then has=read; fi
    case $has in
    none | expired) refuse '401 Unauthorized' 'Invalid username or token.' ;;
    hidden) refuse '404 Not Found' 'Repository not found.' ;;
    read) [ $right = read ] || refuse '403 Forbidden' 'Write access to repository not granted.' ;;
    esac
    export REMOTE_USER="$user"
fi
unset HTTP_AUTHORIZATION

GIT_PROTOCOL=${HTTP_GIT_PROTOCOL-}
[ "$protocol" = 2 ] || GIT_PROTOCOL= HTTP_GIT_PROTOCOL=
export GIT_PROTOCOL HTTP_GIT_PROTOCOL

if [ -n "$file_blocks" ] && [ $right = write ]; then
    # Ignored, the signal becomes an error of the write: "File too large".
    trap '' XFSZ
    ulimit -f "$file_blocks"
fi
exec git http-backend
