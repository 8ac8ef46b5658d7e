# Where the cursor is: sets `at` to the command that the words before it lead to.
__plimsoll_find_command() {
    local i=2 word
    at=plimsoll
    while ((i < CURRENT)); do
        word=${words[i]}
        __plimsoll_table "$at"
        if [[ $valued == *" $word "* ]]; then
            ((i += 2)) # its value is no command
            continue
        fi
        [[ " $names " == *" $word "* ]] && at+=" $word"
        ((i += 1))
    done
    __plimsoll_table "$at"
}

__plimsoll_value() {
    local choices
    __plimsoll_choices "$1"
    if [[ $choices == @files ]]; then
        _files
    elif [[ -n $choices ]]; then
        compadd -- ${=choices}
    else
        _message 'a value'
    fi
}

_plimsoll() {
    local at names valued
    local -a subcommands flags
    __plimsoll_find_command
    local current=${words[CURRENT]} previous=${words[CURRENT - 1]}
    if [[ $valued == *" $previous "* ]]; then
        __plimsoll_value "$at $previous"
    elif [[ $current == --*=* ]]; then
        compset -P '*='
        __plimsoll_value "$at ${current%%=*}"
    elif [[ $current == -* ]]; then
        _describe -o 'flag' flags
    elif ((${#subcommands})); then
        _describe 'command' subcommands
    else
        _files
    fi
}

# zsh runs the file when it completes for the first time; a shell that reads it by itself is told.
if [[ ${funcstack[1]} == _plimsoll ]]; then
    _plimsoll "$@"
else
    compdef _plimsoll plimsoll
fi
