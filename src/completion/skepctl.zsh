#compdef skepctl
# Zsh completion for skepctl, which computes the candidates itself ("skepctl complete").

_skepctl() {
    local -a candidates
    candidates=("${(@f)$("${(Q)words[1]}" complete -- "${(@Q)words[2,CURRENT]}" 2>/dev/null)}")
    local files=$candidates[-1]
    candidates[-1]=()
    # _describe splits the summary off at a colon.
    candidates=("${(@)${(@)candidates//:/\\:}/$'\t'/:}")
    (( $#candidates )) && _describe skepctl candidates
    case $files in
        :files) _files ;;
        :torrents) _files -g '*.torrent' ;;
    esac
}

# Loaded from a directory of fpath, this file is the function; otherwise it is sourced.
if [[ $funcstack[1] == _skepctl ]]; then
    _skepctl "$@"
else
    compdef _skepctl skepctl
fi
