<?php
/**
 * Plugin Name: Gatepost
 * Description: Comments wait until your own Gatepost has decided. For blogs without Akismet's plugin.
 * Version: 0.1.0
 * Requires PHP: 7.4
 * License: MIT
 *
 * Put this file into wp-content/plugins, activate it, and add to wp-config.php:
 *
 *     define( 'GATEPOST_URL', 'https://gatepost.example.org' );
 *     define( 'GATEPOST_KEY', 'gp_…' );         // gatepost key create "My blog" --scope submit
 *     define( 'GATEPOST_SECRET', 'whsec_…' );   // of the webhook to /?rest_route=/gatepost/v1/webhook
 */

namespace Gatepost;

if ( ! defined( 'ABSPATH' ) || ! defined( 'GATEPOST_URL' ) || ! defined( 'GATEPOST_KEY' ) || ! defined( 'GATEPOST_SECRET' ) ) {
	return;
}

const SUBMIT    = 'gatepost_submit';
const SWEEP     = 'gatepost_sweep';
const TOLERANCE = 300;

// A comment waits. Only what WordPress calls spam or trash itself, and what a moderator writes, Gatepost is not asked about.
add_filter(
	'pre_comment_approved',
	function ( $approved ) {
		return is_wp_error( $approved ) || in_array( $approved, array( 'spam', 'trash' ), true ) || current_user_can( 'moderate_comments' ) ? $approved : 0;
	},
	99
);

// The visitor does not wait for Gatepost: the next run of WordPress's cron asks.
add_action(
	'comment_post',
	function ( $id, $approved ) {
		if ( 0 === (int) $approved && 'spam' !== $approved && 'trash' !== $approved ) {
			add_comment_meta( $id, 'gatepost_unsent', 1, true );
			wp_schedule_single_event( time(), SUBMIT, array( (int) $id ) );
		}
	},
	10,
	2
);
add_action( SUBMIT, __NAMESPACE__ . '\submit' );

// What did not get through is tried again, for as long as it takes.
add_action(
	'init',
	function () {
		if ( ! wp_next_scheduled( SWEEP ) ) {
			wp_schedule_event( time() + HOUR_IN_SECONDS, 'hourly', SWEEP );
		}
	}
);
add_action(
	SWEEP,
	function () {
		$unsent = array( 'fields' => 'ids', 'status' => 'hold', 'meta_key' => 'gatepost_unsent', 'number' => 100, 'order' => 'ASC' );
		array_map( __NAMESPACE__ . '\submit', get_comments( $unsent ) );
	}
);

/** Asked twice is harmless: Gatepost knows the comment by its id. */
function submit( $id ) {
	$comment = get_comment( $id );
	$text    = $comment ? trim( $comment->comment_content ) : '';
	if ( '' === $text ) {
		return;
	}
	$post  = get_post( $comment->comment_post_ID );
	$given = array_filter(
		array(
			'external_id'  => (string) $id,
			'text'         => mb_substr( $text, 0, 50000 ),
			'author_name'  => mb_substr( $comment->comment_author, 0, 200 ),
			'author_email' => $comment->comment_author_email,
			'author_url'   => $comment->comment_author_url,
			'author_id'    => $comment->user_id ? (string) $comment->user_id : '',
			'author_ip'    => filter_var( $comment->comment_author_IP, FILTER_VALIDATE_IP ) ? $comment->comment_author_IP : '',
			'user_agent'   => $comment->comment_agent,
			'post_id'      => (string) $comment->comment_post_ID,
			'post_title'   => $post ? mb_substr( $post->post_title, 0, 500 ) : '',
			'permalink'    => (string) get_permalink( $comment->comment_post_ID ),
			'parent_id'    => $comment->comment_parent ? (string) $comment->comment_parent : '',
		),
		'strlen'
	);
	$answer = ask( '/v1/comments', $given );
	if ( isset( $answer['id'] ) ) {
		update_comment_meta( $id, 'gatepost_id', $answer['id'] );
		delete_comment_meta( $id, 'gatepost_unsent' );
	}
}

/** What Gatepost answers, or an empty array. */
function ask( $path, $given ) {
	$headers = array( 'Authorization' => 'Bearer ' . GATEPOST_KEY, 'Content-Type' => 'application/json' );
	$answer  = wp_remote_post( rtrim( GATEPOST_URL, '/' ) . $path, array( 'headers' => $headers, 'body' => wp_json_encode( $given ), 'timeout' => 15 ) );
	return 2 === intdiv( (int) wp_remote_retrieve_response_code( $answer ), 100 ) ? (array) json_decode( wp_remote_retrieve_body( $answer ), true ) : array();
}

add_action(
	'rest_api_init',
	function () {
		$route = array( 'methods' => 'POST', 'callback' => __NAMESPACE__ . '\receive', 'permission_callback' => __NAMESPACE__ . '\is_signed' );
		register_rest_route( 'gatepost/v1', '/webhook', $route );
	}
);

/** Standard Webhooks 1.0.0, scheme v1: one of the signatures is ours, over these bytes, made just now. */
function is_signed( $request ) {
	$id     = (string) $request->get_header( 'webhook-id' );
	$at     = (string) $request->get_header( 'webhook-timestamp' );
	$secret = base64_decode( preg_replace( '/^whsec_/', '', GATEPOST_SECRET ) );
	$ours   = 'v1,' . base64_encode( hash_hmac( 'sha256', "$id.$at." . $request->get_body(), $secret, true ) );
	$fresh  = ctype_digit( $at ) && abs( time() - (int) $at ) <= TOLERANCE;
	foreach ( explode( ' ', (string) $request->get_header( 'webhook-signature' ) ) as $theirs ) {
		if ( $fresh && hash_equals( $ours, $theirs ) ) {
			return true;
		}
	}
	return false;
}

/** Whatever comes twice, or after what came later, changes nothing. */
function receive( $request ) {
	$state   = (array) $request->get_param( 'data' );
	$comment = isset( $state['external_id'] ) ? get_comment( (int) $state['external_id'] ) : null;
	// Gatepost's id as well: a comment of another blog may have the same number.
	if ( ! $comment || ! in_array( get_comment_meta( $comment->comment_ID, 'gatepost_id', true ), array( '', $state['id'] ), true ) ) {
		return array( 'taken' => false );
	}
	if ( (int) $state['sequence'] > (int) get_comment_meta( $comment->comment_ID, 'gatepost_sequence', true ) ) {
		update_comment_meta( $comment->comment_ID, 'gatepost_id', $state['id'] );
		update_comment_meta( $comment->comment_ID, 'gatepost_sequence', (int) $state['sequence'] );
		$becomes = array( 'approved' => 'approve', 'rejected' => 'spam' === ( $state['category'] ?? '' ) ? 'spam' : 'trash' );
		wp_set_comment_status( $comment->comment_ID, $becomes[ $state['status'] ] ?? 'hold' );
	}
	return array( 'taken' => true );
}

// A moderator's own click is the decision there too, and a lesson. A webhook comes with nobody logged in.
add_action(
	'transition_comment_status',
	function ( $new, $old, $comment ) {
		$id = get_comment_meta( $comment->comment_ID, 'gatepost_id', true );
		if ( ! $id || $new === $old || ! current_user_can( 'moderate_comments' ) ) {
			return;
		}
		if ( 'approved' === $new ) {
			ask( "/v1/comments/$id/feedback", array( 'decision' => 'approve' ) );
		} elseif ( 'spam' === $new || 'trash' === $new ) {
			ask( "/v1/comments/$id/feedback", array( 'decision' => 'reject', 'category' => 'spam' === $new ? 'spam' : 'other' ) );
		}
	},
	10,
	3
);
