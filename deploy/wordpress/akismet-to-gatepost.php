<?php
/**
 * Plugin Name: Akismet to Gatepost
 * Description: Sends what the Akismet plugin asks to your own Gatepost. Put this file into wp-content/mu-plugins.
 * License: MIT
 *
 * In wp-config.php: define( 'GATEPOST_URL', 'https://gatepost.example.org' );
 */

if ( defined( 'ABSPATH' ) && defined( 'GATEPOST_URL' ) ) {
	add_filter(
		'pre_http_request',
		function ( $answer, $given, $url ) {
			$parts = wp_parse_url( $url );
			if ( ! isset( $parts['host'] ) || 'rest.akismet.com' !== $parts['host'] ) {
				return $answer;
			}
			// The plugin names its own host there.
			unset( $given['headers']['Host'] );
			$query = isset( $parts['query'] ) ? '?' . $parts['query'] : '';
			return wp_remote_request( rtrim( GATEPOST_URL, '/' ) . $parts['path'] . $query, $given );
		},
		10,
		3
	);
}
