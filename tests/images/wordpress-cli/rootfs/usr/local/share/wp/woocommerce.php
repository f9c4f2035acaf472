<?php
/*
Plugin Name: WooCommerce
Description: A stand-in for tests: products exist, nothing can be bought.
Version: @VERSION@
*/

add_action('init', function () {
	register_post_type('product', ['public' => true, 'label' => 'Products',
		'rewrite' => ['slug' => 'product']]);
});
