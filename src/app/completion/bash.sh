# Where the cursor is: sets `at` to the command that the words before it lead to.
__plimsoll_find_command() {
    local i=1 word next
    at=plimsoll
    while ((i < COMP_CWORD)); do
        word=${COMP_WORDS[i]}
        __plimsoll_table "$at"
        if [[ $valued == *" $word "* ]]; then
            # Its value is no command; bash has split --flag=value into three words.
            next=${COMP_WORDS[i + 1]}
            [[ $next == '=' ]] && ((i += 1))
            ((i += 2))
            continue
        fi
        [[ " $commands " == *" $word "* ]] && at+=" $word"
        ((i += 1))
    done
    __plimsoll_table "$at"
}

__plimsoll_files() {
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen -f -- "$1")
}

_plimsoll() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} at commands flags valued choices
    if [[ $cur == '=' ]]; then
        cur=''
    elif [[ $prev == '=' ]]; then
        prev=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    COMPREPLY=()
    __plimsoll_find_command
    if [[ $valued == *" $prev "* ]]; then
        __plimsoll_choices "$at $prev"
        if [[ $choices == @files ]]; then
            __plimsoll_files "$cur"
        else
            mapfile -t COMPREPLY < <(compgen -W "$choices" -- "$cur")
        fi
    elif [[ $cur == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$flags" -- "$cur")
    elif [[ -n $commands ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$cur")
    else
        __plimsoll_files "$cur"
    fi
}

complete -F _plimsoll plimsoll
