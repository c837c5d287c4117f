<!doctype html>
<title><?php bloginfo( 'name' ); ?></title>
<?php
wp_head();
while ( have_posts() ) {
	the_post();
	the_title( '<h1>', '</h1>' );
	the_content();
	comments_template();
}
wp_footer();
