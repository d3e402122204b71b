# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2207	# the words are ours, without blanks or globs
# bash completion for pypy-isolate(1)

_pypy_isolate_interpreters() {
	COMPREPLY+=($(compgen -c -- "$1" | grep -xE '(pypy|python)[0-9.]*' | sort -u))
	compopt -o default
}

_pypy_isolate() {
	local word=${COMP_WORDS[COMP_CWORD]} verb=${COMP_WORDS[1]} wanted='' i
	local -A options=([run]='' [check]='-i --interpreter --embedder --all --symbols --json
		--bindings --why' [explain]='--follow --json --html' [conf]='' [doctor]='--timeout'
		[enable]='-n --venv --linked --env' [disable]='-n --venv --linked --env --all'
		[status]='')
	local -A takes=([-i]=interpreter [--interpreter]=interpreter [--embedder]=interpreter
		[--why]=other [--timeout]=other [--venv]=directory [--linked]=file [--html]=file)
	[ "$verb" != explain ] || takes[--json]=file

	COMPREPLY=()
	if [ "$COMP_CWORD" = 1 ]; then
		COMPREPLY=($(compgen -W "${!options[*]} --help --module --version" -- "$word"))
		_pypy_isolate_interpreters "$word"
		return
	fi
	i=2
	[ "${options[$verb]+known}" ] || { verb=run i=1; }
	for (( ; i < COMP_CWORD; ++i)); do
		wanted=''
		case ${COMP_WORDS[i]} in
		--) ;;
		-*) wanted=${takes[${COMP_WORDS[i]}]-} ;;
		*)
			[[ $verb == run || $verb == explain ]] || continue
			# What is behind an interpreter is its own.
			if declare -F _command_offset >/dev/null; then
				_command_offset "$i"
			else
				compopt -o default
			fi
			return
			;;
		esac
		# The word of an option is looked at with the option alone.
		[ -z "$wanted" ] || ((++i))
	done
	[ "$i" -gt "$COMP_CWORD" ] || wanted=''
	case $wanted:$verb:$word in
	interpreter:*) _pypy_isolate_interpreters "$word" ;;
	directory:*) compopt -o dirnames ;;
	file:*) compopt -o default ;;
	other:*) ;;
	*:-*) COMPREPLY=($(compgen -W "${options[$verb]}" -- "$word")) ;;
	*:check:* | *:conf:*) compopt -o default ;;
	*) _pypy_isolate_interpreters "$word" ;;
	esac
}

complete -F _pypy_isolate pypy-isolate
