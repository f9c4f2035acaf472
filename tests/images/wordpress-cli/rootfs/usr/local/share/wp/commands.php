<?php
// What the stand-in does for each command, by WordPress' own functions. WooCommerce's
// commands leave in the database what WooCommerce would: products and pages are posts,
// settings are options.

function say(string $line): void
{
	echo "$line\n";
}

function success(string $line): void
{
	say("Success: $line");
}

/** Rows as wp-cli prints them, of the fields and in the format that were asked for. */
function display(array $rows, array $options, array $fields): void
{
	if (isset($options['field'])) {
		foreach ($rows as $row) {
			say($row[$options['field']] ?? fail("Invalid field: {$options['field']}."));
		}
		return;
	}
	$fields = isset($options['fields']) ? explode(',', $options['fields']) : $fields;
	switch ($options['format'] ?? 'table') {
		case 'ids':
			echo implode(' ', array_column($rows, 'id'));
			return;
		case 'count':
			echo count($rows);
			return;
		case 'csv':
			say(implode(',', $fields));
			foreach ($rows as $row) {
				fputcsv(STDOUT, array_map(fn ($field) => $row[$field], $fields));
			}
			return;
		default:
			fail("the stand-in has no format {$options['format']}");
	}
}

function post_or_fail(array $post): int
{
	$id = empty($post['ID']) ? wp_insert_post($post, true) : wp_update_post($post, true);
	return is_wp_error($id) ? fail($id->get_error_message()) : $id;
}

// --- WordPress --------------------------------------------------------------------

function core_is_installed(): void
{
	exit(is_blog_installed() ? 0 : 1);
}

function core_version(): void
{
	say($GLOBALS['wp_version']);
}

function core_install($arguments, $options): void
{
	if (is_blog_installed()) {
		say('WordPress is already installed.');
		return;
	}
	if (!is_email($options['admin_email'])) {
		fail("The '{$options['admin_email']}' email address is invalid.");
	}
	if (isset($options['skip-email'])) {
		add_filter('pre_wp_mail', '__return_true');
	}
	require_once ABSPATH . 'wp-admin/includes/upgrade.php';
	wp_install($options['title'], $options['admin_user'], $options['admin_email'], true, '',
		$options['admin_password'] ?? wp_generate_password(), $options['locale'] ?? '');
	if ($GLOBALS['wpdb']->last_error !== '') {
		fail('Installation produced database errors, and may have partially or completely '
			. 'failed.');
	}
	success('WordPress installed successfully.');
}

function option_get($arguments): void
{
	$value = get_option($arguments[0]);
	if ($value === false) {
		fail("Could not get '{$arguments[0]}' option. Does it exist?");
	}
	say(is_scalar($value) ? (string) $value : var_export($value, true));
}

function option_list($arguments, $options): void
{
	global $wpdb;
	$pattern = strtr($wpdb->esc_like($options['search'] ?? '*'), ['*' => '%', '?' => '_']);
	$rows = $wpdb->get_results($wpdb->prepare(
		"SELECT option_name, option_value FROM $wpdb->options WHERE option_name LIKE %s",
		$pattern), ARRAY_A);
	if ($wpdb->last_error !== '') {
		fail($wpdb->last_error);
	}
	display($rows, $options, ['option_name', 'option_value']);
}

function option_update($arguments): void
{
	[$key, $value] = [$arguments[0], $arguments[1] ?? stream_get_contents(STDIN)];
	$value = sanitize_option($key, $value);
	if (sanitize_option($key, get_option($key)) === $value) {
		success("Value passed for '$key' option is unchanged.");
	} elseif (update_option($key, $value)) {
		success("Updated '$key' option.");
	} else {
		fail("Could not update option '$key'.");
	}
}

function option_delete($arguments): void
{
	foreach ($arguments as $key) {
		delete_option($key) ? success("Deleted '$key' option.")
			: fail("Could not delete '$key' option. Does it exist?");
	}
}

function rewrite_structure($arguments): void
{
	$GLOBALS['wp_rewrite']->set_permalink_structure($arguments[0]);
	success('Rewrite structure set.');
	flush_rewrite_rules(false);
	success('Rewrite rules flushed.');
}

// --- extensions and languages: what would be fetched is made here ----------------------

/** Puts a stand-in where an extension from wordpress.org would be. */
function place(string $kind, string $folder, array $files): void
{
	if (is_dir($folder)) {
		fwrite(STDERR, "Warning: $folder is already installed.\n");
		success("$kind already installed.");
		return;
	}
	$new = "$folder.new";
	if (!wp_mkdir_p($new)) {
		fail("Could not create directory. $new");
	}
	foreach ($files as $name => $text) {
		if (file_put_contents("$new/$name", $text) !== strlen($text)) {
			fail("Could not copy file. $new/$name");
		}
	}
	rename($new, $folder) || fail("Could not copy file. $folder");
	success("Installed 1 of 1 " . strtolower($kind) . 's.');
}

function only(string $name, string $known, string $kind): void
{
	if ($name !== $known) {
		fwrite(STDERR, "Warning: Couldn't find '$name' in the WordPress.org $kind directory.\n");
		fail("No {$kind}s installed.");
	}
}

function plugin_file(string $name): ?string
{
	require_once ABSPATH . 'wp-admin/includes/plugin.php';
	foreach (array_keys(get_plugins()) as $file) {
		if (dirname($file) === $name) {
			return $file;
		}
	}
	return null;
}

function plugin_is_installed($arguments): void
{
	exit(plugin_file($arguments[0]) === null ? 1 : 0);
}

function plugin_is_active($arguments): void
{
	$file = plugin_file($arguments[0]);
	exit($file !== null && is_plugin_active($file) ? 0 : 1);
}

function plugin_install($arguments, $options): void
{
	only($arguments[0], 'woocommerce', 'plugin');
	$text = file_get_contents(__DIR__ . '/woocommerce.php');
	place('Plugin', WP_PLUGIN_DIR . '/woocommerce', ['woocommerce.php' =>
		str_replace('@VERSION@', $options['version'] ?? '10.7.0', $text)]);
}

function plugin_activate($arguments): void
{
	$file = plugin_file($arguments[0]);
	if ($file === null) {
		fwrite(STDERR, "Warning: The '{$arguments[0]}' plugin could not be found.\n");
		fail('No plugins activated.');
	}
	$result = activate_plugin($file);
	if (is_wp_error($result)) {
		fail($result->get_error_message());
	}
	// A new shop is hidden until somebody opens it.
	add_option('woocommerce_coming_soon', 'yes');
	add_option('woocommerce_store_pages_only', 'yes');
	say("Plugin '{$arguments[0]}' activated.");
	success('Activated 1 of 1 plugins.');
}

function theme_is_installed($arguments): void
{
	exit(wp_get_theme($arguments[0])->exists() ? 0 : 1);
}

function theme_is_active($arguments): void
{
	exit(get_stylesheet() === $arguments[0] ? 0 : 1);
}

function theme_install($arguments): void
{
	only($arguments[0], 'storefront', 'theme');
	place('Theme', get_theme_root() . '/storefront',
		['style.css' => file_get_contents(__DIR__ . '/storefront.css')]);
}

function theme_activate($arguments): void
{
	$theme = wp_get_theme($arguments[0]);
	if (!$theme->exists()) {
		fail("The '{$arguments[0]}' theme could not be found.");
	}
	switch_theme($arguments[0]);
	success("Switched to '{$theme->get('Name')}' theme.");
}

function remember_language(string $of, array $languages): void
{
	foreach ($languages as $language) {
		update_option("stand_in_language_$of", $language);
		say("Language '$language' installed.");
	}
}

function language_core_install($arguments): void
{
	wp_mkdir_p(WP_LANG_DIR);
	foreach ($arguments as $language) {
		touch(WP_LANG_DIR . "/$language.mo") || fail("Could not copy file. $language.mo");
	}
	remember_language('core', $arguments);
}

function language_plugin_install($arguments): void
{
	remember_language(array_shift($arguments), $arguments);
}

function language_theme_install($arguments): void
{
	remember_language(array_shift($arguments), $arguments);
}

function site_switch_language($arguments): void
{
	$language = $arguments[0];
	if ($language !== 'en_US' && get_option('stand_in_language_core') !== $language) {
		fail('Language not installed.');
	}
	update_option('WPLANG', $language === 'en_US' ? '' : $language);
	success('Language activated.');
}

// --- WooCommerce --------------------------------------------------------------------

const WC_PAGES = ['shop' => 'Shop', 'cart' => 'Cart', 'checkout' => 'Checkout',
	'myaccount' => 'My account', 'refund_returns' => 'Refund and Returns Policy'];
const WC_META = ['sku' => '_sku', 'regular_price' => '_regular_price'];

function wc_may(): void
{
	if (!current_user_can('manage_options')) {
		fail('Sorry, you cannot do that. {"status":401}', 'Make sure to include the --user '
			. 'flag with an account that has permissions for this action. {"status":401}');
	}
}

function wc_tool_run($arguments): void
{
	wc_may();
	if ($arguments[0] !== 'install_pages') {
		fail('Invalid tool ID. {"status":404}');
	}
	foreach (WC_PAGES as $name => $title) {
		if (!get_post((int) get_option("woocommerce_{$name}_page_id"))) {
			$slug = str_replace(['myaccount'], ['my-account'], $name);
			$old = get_page_by_path($slug);
			update_option("woocommerce_{$name}_page_id", $old ? $old->ID : post_or_fail([
				'post_type' => 'page', 'post_title' => $title, 'post_name' => $slug,
				'post_status' => 'publish']));
		}
	}
	success('Updated system_status_tool install_pages.');
}

function wc_payment_gateway_update($arguments, $options): void
{
	wc_may();
	if (!in_array($arguments[0], ['bacs', 'cheque', 'cod'], true)) {
		fail('Resource does not exist. {"status":404}');
	}
	$name = "woocommerce_{$arguments[0]}_settings";
	$enabled = filter_var($options['enabled'] ?? '', FILTER_VALIDATE_BOOL,
		FILTER_NULL_ON_FAILURE) ?? fail('Invalid parameter(s): enabled {"status":400}');
	update_option($name, ['enabled' => $enabled ? 'yes' : 'no'] + (array) get_option($name));
	success("Updated payment_gateway {$arguments[0]}.");
}

function zone_methods(string $zone): array
{
	if ($zone !== '0') {
		fail('Resource does not exist. {"status":404}');
	}
	return get_option('stand_in_zone_0', []);
}

function wc_shipping_zone_method_list($arguments, $options): void
{
	wc_may();
	display(zone_methods($arguments[0]), $options, ['instance_id', 'method_id']);
}

function wc_shipping_zone_method_create($arguments, $options): void
{
	wc_may();
	$methods = zone_methods($arguments[0]);
	$id = count($methods) + 1;
	$methods[] = ['id' => $id, 'instance_id' => $id, 'method_id' => $options['method_id']];
	update_option('stand_in_zone_0', $methods);
	success("Created shipping_zone_method $id.");
}

function product_by_sku(string $sku): array
{
	return get_posts(['post_type' => 'product', 'post_status' => 'any', 'numberposts' => -1,
		'fields' => 'ids', 'meta_key' => '_sku', 'meta_value' => $sku]);
}

function wc_product_list($arguments, $options): void
{
	wc_may();
	$query = ['post_type' => 'product', 'post_status' => 'any', 'numberposts' => 100];
	if (isset($options['slug'])) {
		$query['name'] = $options['slug'];
	}
	if (isset($options['sku'])) {
		$query += ['meta_key' => '_sku', 'meta_value' => $options['sku']];
	}
	$rows = [];
	foreach (get_posts($query) as $post) {
		$rows[] = ['id' => $post->ID, 'name' => $post->post_title, 'slug' => $post->post_name,
			'status' => $post->post_status, 'sku' => get_post_meta($post->ID, '_sku', true)];
	}
	display($rows, $options, ['id', 'name', 'sku']);
}

function save_product(array $post, array $options): int
{
	foreach (['name' => 'post_title', 'slug' => 'post_name', 'status' => 'post_status'] as
		$option => $field) {
		if (isset($options[$option])) {
			$post[$field] = $options[$option];
		}
	}
	if (isset($options['sku'])
		&& array_diff(product_by_sku($options['sku']), [$post['ID'] ?? 0])) {
		fail('Invalid or duplicated SKU. {"status":400}');
	}
	$id = post_or_fail($post);
	foreach (WC_META as $option => $key) {
		if (isset($options[$option])) {
			update_post_meta($id, $key, $options[$option]);
		}
	}
	return $id;
}

function wc_product_create($arguments, $options): void
{
	wc_may();
	$id = save_product(['post_type' => 'product', 'post_status' => 'publish'], $options);
	isset($options['porcelain']) ? say((string) $id) : success("Created product $id.");
}

function wc_product_update($arguments, $options): void
{
	wc_may();
	$post = get_post((int) $arguments[0]);
	if (!$post || $post->post_type !== 'product') {
		fail('Invalid ID. {"status":400}');
	}
	$id = save_product(['ID' => $post->ID], $options);
	isset($options['porcelain']) ? say((string) $id) : success("Updated product $id.");
}
