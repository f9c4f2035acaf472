<?php
// The arguments of wp-cli: which words are the command, what it takes, and what is
// wrong with those that were given.

/** Ends as wp-cli does. */
function fail(string ...$lines): never
{
	fwrite(STDERR, 'Error: ' . implode("\n", $lines) . "\n");
	exit(1);
}

/** Command => its synopsis, as a list of words. */
function known_commands(string $file): array
{
	$commands = [];
	foreach (file($file, FILE_IGNORE_NEW_LINES) as $line) {
		if ($line === '' || $line[0] === '#') {
			continue;
		}
		preg_match('/^((?:[a-z][a-z_-]*(?: |$))+)(.*)$/', $line, $parts);
		$commands[trim($parts[1])] = array_filter(explode(' ', $parts[2]), 'strlen');
	}
	return $commands;
}

/** [positional arguments, options] of the words given; a flag's value is true. */
function split_words(array $words): array
{
	$positional = $options = [];
	foreach ($words as $word) {
		if (preg_match('/^--([^=]+)=(.*)$/s', $word, $parts)) {
			$options[$parts[1]] = $parts[2];
		} elseif (preg_match('/^--(.+)$/s', $word, $parts)) {
			$options[$parts[1]] = true;
		} else {
			$positional[] = $word;
		}
	}
	return [$positional, $options];
}

/** [command, arguments, options], checked against the synopsis; global options too. */
function parse_command_line(array $words, array $commands, array $global): array
{
	[$positional, $options] = split_words($words);
	for ($length = count($positional); $length > 0; $length--) {
		$command = implode(' ', array_slice($positional, 0, $length));
		if (isset($commands[$command])) {
			$arguments = array_slice($positional, $length);
			check_arguments($command, $commands[$command], $arguments,
				array_diff_key($options, array_flip($global)));
			return [$command, $arguments, $options];
		}
	}
	$what = implode(' ', $positional);
	fail("'$what' is not a registered wp command. See 'wp help' for available commands.");
}

function check_arguments($command, $synopsis, $arguments, $options): void
{
	$least = $most = 0;
	$wrong = [];
	foreach ($synopsis as $word) {
		preg_match('/^(\[?)(?:--([a-z_-]+)(=)?)?(<.*?>)?\]?(\.\.\.)?$/', $word, $parts);
		$optional = $parts[1] === '[';
		$name = $parts[2] ?? '';
		if ($name === '') {
			$least += $optional ? 0 : 1;
			$most += isset($parts[5]) ? 1000 : 1;
			continue;
		}
		if (!isset($options[$name])) {
			if (!$optional) {
				$wrong[] = " missing --$name parameter";
			}
		} elseif (($parts[3] ?? '') === '=' && $options[$name] === true) {
			$wrong[] = " --$name parameter needs a value";
		} elseif (($parts[3] ?? '') === '' && $options[$name] !== true) {
			$wrong[] = " --$name takes no value";
		}
		unset($options[$name]);
	}
	foreach (array_keys($options) as $name) {
		$wrong[] = " unknown --$name parameter";
	}
	if ($wrong) {
		fail('Parameter errors:', ...$wrong);
	}
	if (count($arguments) < $least) {
		fwrite(STDERR, "usage: wp $command " . implode(' ', $synopsis) . "\n");
		exit(1);
	}
	if (count($arguments) > $most) {
		fail('Too many positional arguments: ' . implode(' ', array_slice($arguments, $most)));
	}
}
