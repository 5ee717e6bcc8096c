# shellcheck shell=bash
# Bash completion for skepctl. Commands and options are read from the help of the installed skepctl.

# Commands in the help, such as "key new" and "add".
_skepctl_commands() {
    skepctl --help 2>/dev/null | sed -n 's/^  \([a-z][a-z ]*\).*/\1/p'
}

# Help lines of the options of the current command or, without one, of all general options.
_skepctl_help() {
    skepctl "${_skepctl_command[@]}" --help 2>/dev/null | grep '^  [ -].*--'
}

# Entries that the current command can remove.
_skepctl_registered() {
    case "${_skepctl_command[*]}" in
        remove) skepctl "${_skepctl_where[@]}" list | sed 's/ .*//' ;;
        unblock) skepctl "${_skepctl_where[@]}" blocks | sed 's/ .*//' ;;
        unban) skepctl "${_skepctl_where[@]}" bans | sed 's/ .*//' ;;
        'key revoke') skepctl "${_skepctl_where[@]}" key list | sed 's/^[^ ]* [^ ]* [^ ]*  //' ;;
    esac 2>/dev/null
}

# Info_hashes of the torrents that match $1: the column INFO_HASH of the list.
_skepctl_torrents() {
    skepctl "${_skepctl_where[@]}" torrents --limit 500 --search "$1" 2>/dev/null |
        sed -n 's/^.\{62\}\([0-9a-f]\{40\}\).*/\1/p'
}

_skepctl_takes_value() {
    case "$1" in
        -d | -u | -o) return 0 ;;
        --*) _skepctl_help | grep -q -- " $1 [A-Z]" ;;
        *) return 1 ;;
    esac
}

# Sets the command, the connection options, and the option whose value is being completed.
_skepctl_find_command() {
    local word
    for word; do
        case "$_skepctl_option" in
            -d | --database | -u | --url | --token | --token-file | --cacert)
                _skepctl_where+=("$_skepctl_option" "$word")
                ;;
        esac
        if [ -n "$_skepctl_option" ]; then
            _skepctl_option=
        elif [ "$word" = --insecure ]; then
            _skepctl_where+=("$word")
        elif [[ $word == -* ]]; then
            ! _skepctl_takes_value "$word" || _skepctl_option=$word
        elif [ ${#_skepctl_command[@]} -eq 0 ] || [ "${_skepctl_command[*]}" = key ]; then
            _skepctl_command+=("$word")
        fi
    done
}

# Prints the completions, one per line, or "FILES" for file names.
_skepctl_choices() {
    case "$_skepctl_option" in
        --sort) printf '%s\n' name size seeders leechers completed rate health ;;
        --show) printf '%s\n' all active registered unseeded ;;
        --event) printf '%s\n' started completed stopped paused none ;;
        -d | -o | --database | --output | --token-file | --cacert) echo FILES ;;
        ?*) ;;
        *)
            case "$1,${_skepctl_command[*]}" in
                -*) _skepctl_help | sed 's/^  .*\(--[a-z0-9-]*\) .*/\1/' ;;
                *,) { echo help; _skepctl_commands; } | sed 's/ .*//' | sort -u ;;
                *,help) _skepctl_commands | sed 's/ .*//' | sort -u ;;
                *,key) _skepctl_commands | sed -n 's/^key \([a-z]*\).*/\1/p' ;;
                *,remove | *,unban | *,unblock | *,'key revoke') _skepctl_registered ;;
                *,peers | *,magnet)
                    _skepctl_torrents "$1"
                    compgen -f -X '!*.torrent' -- "$1"
                    ;;
                *,add | *,block | *,create | *,announce | *,scrape | *,backup) echo FILES ;;
            esac
            ;;
    esac
}

_skepctl() {
    # Split at blanks only: COMP_WORDS also splits a URL at its colons.
    local line=${COMP_LINE:0:COMP_POINT} word choices choice
    local -a words _skepctl_command=() _skepctl_where=()
    local _skepctl_option=
    read -ra words <<<"$line"
    word=${words[-1]}
    case "$line" in
        *[[:blank:]]) word= ;;
        *) unset 'words[-1]' ;;
    esac
    _skepctl_find_command "${words[@]:1}"
    choices=$(_skepctl_choices "$word")
    COMPREPLY=()
    if [ "$choices" = FILES ]; then
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
    else
        # Not compgen -W: it would expand shell syntax in labels, which are untrusted.
        while read -r choice; do
            [[ -z $choice || $choice != "$word"* ]] || COMPREPLY+=("$choice")
        done <<<"$choices"
    fi
    # Readline inserts the text after the last colon only.
    case "$word" in
        *:*) COMPREPLY=("${COMPREPLY[@]#"${word%"${word##*:}"}"}") ;;
    esac
}

complete -o filenames -F _skepctl skepctl
