# SPDX-License-Identifier: MIT
# fish completion for pypy-isolate(1)

# Is the word after the program one of these?
function __pypy_isolate_is
    set -l words (commandline -opc)
    contains -- "$words[2]" $argv
end

# Has it none, or is it an interpreter? What is behind that is the interpreter's own.
function __pypy_isolate_plainly
    set -l words (commandline -opc)
    test (count $words) -gt 1; and not __pypy_isolate_is run check explain conf doctor enable disable status
end

function __pypy_isolate_interpreters
    for directory in $PATH
        path basename -- $directory/*
    end | string match -r '^(?:pypy|python)[0-9.]*$' | sort -u
    __fish_complete_path (commandline -ct)
end

complete -c pypy-isolate -f
complete -c pypy-isolate -n __fish_is_first_arg -l help -d 'Say what there is'
complete -c pypy-isolate -n __fish_is_first_arg -l module -d 'Say where the audit module is'
complete -c pypy-isolate -n __fish_is_first_arg -l version -d 'Say the version'
for verb in 'run "Start an interpreter, isolated"' \
        'check "Show what is hijacked when it is loaded plainly"' \
        'explain "Run an interpreter, then show who was bound to whom"' \
        'conf "Show the rules in force, or check a file"' \
        'doctor "Find out whether it works here, and what mends it"' \
        'enable "Isolate every start of an interpreter"' \
        'disable "Undo enable"' \
        'status "Show what is in force for each interpreter"'
    eval "set -l words $verb"
    complete -c pypy-isolate -n __fish_is_first_arg -a $words[1] -d $words[2]
end
complete -c pypy-isolate -n __fish_is_first_arg -a '(__pypy_isolate_interpreters)'
complete -c pypy-isolate -n __pypy_isolate_plainly -a '(__fish_complete_subcommand)'

complete -c pypy-isolate -n '__pypy_isolate_is run' -a '(__fish_complete_subcommand --fcs-skip=2)'

complete -c pypy-isolate -n '__pypy_isolate_is check' -s i -l interpreter -x -a '(__pypy_isolate_interpreters)' -d 'Loaded into this'
complete -c pypy-isolate -n '__pypy_isolate_is check' -l embedder -x -a '(__fish_complete_command)' -d 'Loaded into this program'
complete -c pypy-isolate -n '__pypy_isolate_is check' -l all -d 'Also modules that keep their own'
complete -c pypy-isolate -n '__pypy_isolate_is check' -l symbols -d 'Name the symbols'
complete -c pypy-isolate -n '__pypy_isolate_is check' -l json -d 'For programs'
complete -c pypy-isolate -n '__pypy_isolate_is check' -l bindings -d 'Where each reference goes'
complete -c pypy-isolate -n '__pypy_isolate_is check' -l why -x -d 'The lookup of a symbol, step by step'

complete -c pypy-isolate -n '__pypy_isolate_is explain' -l follow -d 'A line for each module, at once'
complete -c pypy-isolate -n '__pypy_isolate_is explain' -l json -r -F -d 'Into a file'
complete -c pypy-isolate -n '__pypy_isolate_is explain' -l html -r -F -d 'Into a file'

complete -c pypy-isolate -n '__pypy_isolate_is doctor' -l timeout -x -d 'Seconds that the interpreter may take'

complete -c pypy-isolate -n '__pypy_isolate_is enable disable' -s n -d 'Say what would be done'
complete -c pypy-isolate -n '__pypy_isolate_is enable disable' -l venv -x -a '(__fish_complete_directories)' -d 'One virtual environment'
complete -c pypy-isolate -n '__pypy_isolate_is enable disable' -l linked -r -F -d 'A copy of this program'
complete -c pypy-isolate -n '__pypy_isolate_is enable disable' -l env -d 'By the environment'
complete -c pypy-isolate -n '__pypy_isolate_is disable' -l all -d 'All that was enabled'

complete -c pypy-isolate -n '__pypy_isolate_is check conf' -F
complete -c pypy-isolate -n '__pypy_isolate_is explain doctor enable disable status' -a '(__pypy_isolate_interpreters)'
