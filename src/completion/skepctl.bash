# shellcheck shell=bash
# Bash completion for skepctl, which computes the candidates itself ("skepctl complete").

_skepctl() {
    # Split at blanks only: COMP_WORDS also splits a URL at its colons.
    local line=${COMP_LINE:0:COMP_POINT} word='' files='' candidate
    local -a words
    read -ra words <<<"$line"
    [[ $line == *[[:blank:]] ]] || word=${words[-1]}
    [[ $line == *[[:blank:]] ]] || unset 'words[-1]'
    COMPREPLY=()
    while IFS=$'\t' read -r candidate _; do
        case $candidate in
            :none) ;;
            :files) files=$(compgen -f -- "$word") ;;
            :torrents) files=$(compgen -f -X '!*.torrent' -- "$word"; compgen -d -- "$word") ;;
            *) COMPREPLY+=("$(printf %q "$candidate")") ;;
        esac
    done < <("${words[0]}" complete -- "${words[@]:1}" "$word" 2>/dev/null)
    if [[ -n $files ]]; then
        compopt -o filenames
        mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY <<<"$files"
    fi
    # Readline inserts the text after the last colon or equals sign only.
    case $word in
        *[:=]*) COMPREPLY=("${COMPREPLY[@]#"${word%"${word##*[:=]}"}"}") ;;
    esac
}

complete -F _skepctl skepctl
