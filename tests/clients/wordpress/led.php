<?php
/**
 * Plugin Name: Leads rest.akismet.com to the Gatepost of the tests, as a line in /etc/hosts does, and trusts its certificate.
 *
 * Akismet's own plugin, whose host is compiled in, stays as it is.
 */

add_action(
	'http_api_curl',
	function ( $handle ) {
		curl_setopt( $handle, CURLOPT_CONNECT_TO, array( 'rest.akismet.com:443:127.0.0.1:' . GATEPOST_TEST_PORT ) );
	}
);
add_filter(
	'http_request_args',
	function ( $given ) {
		$given['sslcertificates'] = GATEPOST_TEST_AUTHORITY;
		return $given;
	}
);
