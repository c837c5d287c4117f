<?php
// A moderator's click in WordPress: `php click.php spam|unspam|recheck ID`, logged in as the administrator.
require 'wp-load.php';
wp_set_current_user( 1 );

list( , $action, $id ) = $argv;
if ( 'recheck' === $action ) {
	echo json_encode( Akismet::check_db_comment( $id ) );
} elseif ( 'verify' === $action ) {
	echo json_encode( Akismet::verify_key( $id ) );
} elseif ( 'stats' === $action ) {
	require_once AKISMET__PLUGIN_DIR . 'class.akismet-admin.php';
	echo json_encode( array( Akismet_Admin::get_akismet_user( $id ), Akismet_Admin::get_stats( $id ) ) );
} else {
	call_user_func( "wp_{$action}_comment", $id );
	echo json_encode( wp_get_comment_status( $id ) );
}
