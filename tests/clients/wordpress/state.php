<?php
// Prints what WordPress thinks of its comments: `php state.php`.
require 'wp-load.php';

$told = array();
foreach ( get_comments( array( 'status' => 'all', 'order' => 'ASC', 'orderby' => 'comment_ID' ) ) as $comment ) {
	$told[] = array(
		'id'      => (int) $comment->comment_ID,
		'text'    => $comment->comment_content,
		'status'  => wp_get_comment_status( $comment ),
		'history' => array_column( array_filter( (array) get_comment_meta( $comment->comment_ID, 'akismet_history' ) ), 'event' ),
	);
}
foreach ( get_comments( array( 'status' => 'spam', 'order' => 'ASC', 'orderby' => 'comment_ID' ) ) as $comment ) {
	$told[] = array( 'id' => (int) $comment->comment_ID, 'text' => $comment->comment_content, 'status' => 'spam', 'history' => array() );
}
// As `wp option list` prints them, with those that are not loaded with each page.
$options = wp_load_alloptions() + array_map( 'get_option', array( 'moderation_keys' => 'moderation_keys' ) );
echo json_encode( array( 'comments' => $told, 'options' => $options ) );
