<?php
// Read on every request, so that a changed environment counts after a restart.

if (!function_exists('from_environment')) {
	/** NAME's value, or what the file that NAME_FILE names holds. */
	function from_environment($name, $default) {
		$file = getenv($name . '_FILE');
		if ($file) {
			return rtrim(file_get_contents($file), "\r\n");
		}
		$value = getenv($name);
		return $value === false ? $default : $value;
	}
}

define('DB_NAME', from_environment('WORDPRESS_DB_NAME', 'wordpress'));
define('DB_USER', from_environment('WORDPRESS_DB_USER', ''));
define('DB_PASSWORD', from_environment('WORDPRESS_DB_PASSWORD', ''));
define('DB_HOST', from_environment('WORDPRESS_DB_HOST', 'mysql'));
define('DB_CHARSET', from_environment('WORDPRESS_DB_CHARSET', 'utf8'));
define('DB_COLLATE', from_environment('WORDPRESS_DB_COLLATE', ''));

define('AUTH_KEY', from_environment('WORDPRESS_AUTH_KEY', '@RANDOM@'));
define('SECURE_AUTH_KEY', from_environment('WORDPRESS_SECURE_AUTH_KEY', '@RANDOM@'));
define('LOGGED_IN_KEY', from_environment('WORDPRESS_LOGGED_IN_KEY', '@RANDOM@'));
define('NONCE_KEY', from_environment('WORDPRESS_NONCE_KEY', '@RANDOM@'));
define('AUTH_SALT', from_environment('WORDPRESS_AUTH_SALT', '@RANDOM@'));
define('SECURE_AUTH_SALT', from_environment('WORDPRESS_SECURE_AUTH_SALT', '@RANDOM@'));
define('LOGGED_IN_SALT', from_environment('WORDPRESS_LOGGED_IN_SALT', '@RANDOM@'));
define('NONCE_SALT', from_environment('WORDPRESS_NONCE_SALT', '@RANDOM@'));

$table_prefix = from_environment('WORDPRESS_TABLE_PREFIX', 'wp_');
define('WP_DEBUG', (bool) from_environment('WORDPRESS_DEBUG', ''));

// TLS ends at the ingress.
if (strpos($_SERVER['HTTP_X_FORWARDED_PROTO'] ?? '', 'https') !== false) {
	$_SERVER['HTTPS'] = 'on';
}

$extra = from_environment('WORDPRESS_CONFIG_EXTRA', '');
if ($extra !== '') {
	eval($extra);
}

if (!defined('ABSPATH')) {
	define('ABSPATH', __DIR__ . '/');
}
require_once ABSPATH . 'wp-settings.php';
