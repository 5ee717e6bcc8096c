# Fish completion for skepctl, which computes the candidates itself ("skepctl complete").

function __skepctl_complete
    set -l words (commandline --tokenize --cut-at-cursor --current-process)
    set -l word (commandline --cut-at-cursor --current-token)
    set -l candidates ($words[1] complete -- $words[2..-1] "$word" 2>/dev/null)
    switch "$candidates[-1]"
        case :files
            __fish_complete_path "$word"
        case :torrents
            __fish_complete_suffix .torrent
    end
    set -e candidates[-1]
    string join \n -- $candidates
end

complete --command skepctl --no-files --keep-order --arguments '(__skepctl_complete)'
