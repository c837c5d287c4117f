<?php
// Makes the blog: `php setup.php KEY PLUGIN` in a folder with a wp-config.php and an empty database.
define( 'WP_INSTALLING', true );
require 'wp-load.php';
require ABSPATH . 'wp-admin/includes/upgrade.php';

wp_install( 'Treaty blog', 'admin', 'admin@example.org', true, '', 'a long password' );
update_option( 'wordpress_api_key', $argv[1] );
update_option( 'active_plugins', array( $argv[2] ) );
update_option( 'stylesheet', 'plain' );
update_option( 'template', 'plain' );
// What docs/migrating-from-akismet.md says to switch off.
update_option( 'comment_previously_approved', '' );
update_option( 'comment_moderation', '' );
update_option( 'comment_max_links', '' );
