# The command that the words before the cursor lead to.
function __plimsoll_command
    set -l at plimsoll
    set -l words (commandline -opc)
    set -l i 2
    while test $i -le (count $words)
        set -l word $words[$i]
        if contains -- $word (__plimsoll_valued $at)
            set i (math $i + 2) # its value is no command
            continue
        end
        if contains -- $word (__plimsoll_commands $at)
            set at "$at $word"
        end
        set i (math $i + 1)
    end
    echo $at
end

function __plimsoll_at
    test (__plimsoll_command) = "$argv"
end

complete -c plimsoll -f
