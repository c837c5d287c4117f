<?php
// A click in WordPress's own pages, by the administrator: `php click.php spam|unspam|trash ID`, `option NAME VALUE`, …
require 'wp-load.php';
wp_set_current_user( 1 );

list( , $action, $given ) = $argv;
switch ( $action ) {
	case 'recheck':
		$told = Akismet::check_db_comment( $given );
		break;
	case 'verify':
		$told = Akismet::verify_key( $given );
		break;
	case 'account':
		require_once AKISMET__PLUGIN_DIR . 'class.akismet-admin.php';
		$told = array( Akismet_Admin::get_akismet_user( $given ), Akismet_Admin::get_stats( $given ) );
		break;
	case 'option':
		$told = update_option( $given, $argv[3] );
		break;
	case 'sweep':
		$told = do_action( 'gatepost_sweep' );
		break;
	default:
		$told = call_user_func( "wp_{$action}_comment", $given );
}
echo json_encode( $told );
