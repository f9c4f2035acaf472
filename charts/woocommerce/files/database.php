<?php
// What the set-up asks of the database itself, where WordPress can't be asked yet:
//
//   answers                   whether it does, and on stderr why not
//   alone COMMAND...          runs the command while no other set-up runs; its exit status
//   begin-installation        notes in the database that WordPress' installation begins
//   end-installation          ... and that it is complete
//   undo-begun-installation   removes the tables of one that begun and never ended. Tables of
//                             another origin, without that note, are never touched

mysqli_report(MYSQLI_REPORT_ERROR | MYSQLI_REPORT_STRICT);

const NOTE = 'store_setup_installing';
const LOCK_SECONDS = 600;

function connect(): mysqli
{
    // without the warnings that come beside the exception
    return @new mysqli(getenv('WORDPRESS_DB_HOST'), getenv('WORDPRESS_DB_USER'),
        getenv('WORDPRESS_DB_PASSWORD'), getenv('WORDPRESS_DB_NAME'));
}

// The lock goes with the connection, however this process ends.
function run_alone(array $command): int
{
    $database = connect();
    $lock = fn ($seconds) =>
        $database->query("SELECT GET_LOCK('store_setup', $seconds)")->fetch_row()[0] === '1';
    if (!$lock(0)) {
        fwrite(STDERR, "another set-up is running: waiting for its end\n");
        if (!$lock(LOCK_SECONDS)) {
            fwrite(STDERR, 'gave up after ' . LOCK_SECONDS . " seconds\n");
            return 1;
        }
    }
    $process = proc_open($command, [STDIN, STDOUT, STDERR], $pipes);
    return $process === false ? 1 : proc_close($process);
}

function tables(mysqli $database, string $pattern): array
{
    return array_column($database->query("SHOW TABLES LIKE '$pattern'")->fetch_all(), 0);
}

function undo_begun_installation(): void
{
    $database = connect();
    if (!tables($database, str_replace('_', '\_', NOTE))) {
        return;
    }
    echo "WordPress' last installation was cut short: its tables are made anew\n";
    foreach (tables($database, 'wp\_%') as $table) {
        $database->query("DROP TABLE `$table`");
    }
}

try {
    switch ($argv[1] ?? '') {
        case 'answers':
            connect();
            exit(0);
        case 'alone':
            exit(run_alone(array_slice($argv, 2)));
        case 'begin-installation':
            connect()->query('CREATE TABLE IF NOT EXISTS ' . NOTE . ' (at INT)');
            exit(0);
        case 'end-installation':
            connect()->query('DROP TABLE ' . NOTE);
            exit(0);
        case 'undo-begun-installation':
            undo_begun_installation();
            exit(0);
    }
} catch (mysqli_sql_exception $error) {
    fwrite(STDERR, $error->getMessage() . "\n");
    exit(1);
}
fwrite(STDERR, "database.php: unknown command\n");
exit(2);
